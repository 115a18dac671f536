/** Every example runs to its end and prints something. */
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const folder = fileURLToPath(new URL('../examples', import.meta.url));
const examples = readdirSync(folder).filter((name) => name.endsWith('.ts'));

test.each(examples)('examples/%s', async (name) => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', name], { cwd: folder });
  expect(stdout.trim()).not.toBe('');
});
