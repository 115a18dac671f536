import { expect, test } from 'vitest';
import { roundsReporter } from './rounds.ts';

function written(isTTY: boolean): string {
  let text = '';
  const stderr = { isTTY, write: (part: string) => (text += part) };
  const reporter = roundsReporter({ stdout: { write: () => undefined }, stderr }, 'int8');
  for (let i = 1; i <= 100; i++)
    reporter.onTimed({
      round: 1 + Math.floor(i / 26),
      rounds: 4,
      networks: i,
      share: i / 100,
      secondsLeft: 100 - i,
    });
  reporter.tell('waiting: the device is away');
  reporter.close();
  return text;
}

test('a terminal gets a bar that leaves nothing behind', () => {
  const text = written(true);
  expect(text).toContain('int8: round 2 of 4, 50 networks, about 50 s left');
  expect(text).toContain('\r\u001b[Kwaiting: the device is away\n');
  expect(text.endsWith('\r\u001b[K')).toBe(true);
});

test('a file gets a line for each tenth', () => {
  const lines = written(false).trim().split('\n');
  expect(lines).toHaveLength(12);
  expect(lines[0]).toBe('int8: round 1 of 4, 1 network, about 1 min 39 s left');
  expect(lines.at(-2)).toBe('int8: timed; working out what comes of it');
  expect(lines.join('')).not.toContain('\u001b');
});
