/** Every bound that a search takes, picking from its networks takes too. */
import { expect, test } from 'vitest';
import { runCaptured } from '../../../test/fixtures/run-cli.ts';
import { FIELDS, type Field, flagOf } from '../../config/fields.ts';

const bounds = Object.entries<Field>(FIELDS).filter(([name]) => name.startsWith('max'));

test('the bounds of search and pick have the same names', async () => {
  const { out } = await runCaptured(['pick', '--help']);
  expect(bounds.length).toBeGreaterThan(6);
  for (const [name] of bounds) expect(out).toContain(`  ${flagOf(name)} <`);
});

test.each(bounds.map(([name]) => flagOf(name)))('%s that cannot be understood is named', async (flag) => {
  const { code, err } = await runCaptured(['pick', 'no-such-run', flag, 'much']);
  expect(code).toBe(2);
  expect(err).toContain(`error: ${flag}`);
});

test.each(
  bounds.flatMap(([name, { repeats }]) => [
    [flagOf(name), '3'],
    ...(repeats ? [[flagOf(name), '3,board=5'] as const] : []),
  ]),
)('%s %s is understood', async (flag, text) => {
  const { code, err } = await runCaptured(['pick', 'no-such-run', flag!, text!]);
  // The run's folder is what is wrong.
  expect(code).toBe(5);
  expect(err).toContain('no-such-run');
});
