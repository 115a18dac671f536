import { expect, test, vi } from 'vitest';
import { EXIT } from '../errors.ts';
import { runCli } from './program.ts';

// As on a machine whose native module is of another system.
vi.mock('onnxruntime-node', () => {
  throw new Error('libonnxruntime.so.1: cannot open shared object file');
});

test('where ONNX Runtime does not load, doctor says so, and still checks the rest', async () => {
  let out = '';
  const stdout = {
    write: (text: string) => {
      out += text;
    },
  };
  const code = await runCli(['doctor'], { stdout, stderr: stdout });
  expect(out).toMatch(/bad\s+ONNX Runtime\s+does not load/);
  expect(out).toContain('fix: Run `npm ci` again on this machine');
  expect(out).toMatch(/ok\s+image decoding/);
  expect(out).not.toMatch(/^\s+at /m);
  expect(code).toBe(EXIT.internal);
});
