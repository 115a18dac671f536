/** Reads a model file that a user named. */
import { readFile } from 'node:fs/promises';
import { fail } from '../errors.ts';
import { decodeModel } from './decode.ts';
import type { OnnxModel } from './model.ts';

/** @throws MODEL_MISSING, ONNX_READ */
export async function readModelFile(
  path: string,
): Promise<{ readonly model: OnnxModel; readonly bytes: Uint8Array }> {
  const bytes = await readFileBytes(path);
  return { model: decodeModel(bytes, path), bytes };
}

/** As they are: a model that only the engine must understand. @throws MODEL_MISSING, ONNX_READ */
export async function readFileBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') return fail('MODEL_MISSING', { path }, cause);
    const reason = code === 'EISDIR' ? 'it is a folder' : (cause as Error).message;
    return fail('ONNX_READ', { path, reason }, cause);
  }
}
