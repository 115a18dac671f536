/** Reads a model file that a user named. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize, sep } from 'node:path';
import { readingReason } from '../disk.ts';
import { fail } from '../errors.ts';
import { decodeModel, type ReadExternal } from './decode.ts';
import { encodeModel } from './encode.ts';
import type { OnnxModel } from './model.ts';

/** A model that was read. */
interface ModelFile {
  /** In memory, with the weights of files beside it. */
  readonly model: OnnxModel;
  /** An `.onnx` file of it with all weights inside. */
  readonly bytes: Uint8Array;
}

/**
 * A model, and its bytes with all weights inside: those of the file, unless it keeps weights in files beside it,
 * which are read from its folder and from no other place.
 * @throws MODEL_MISSING when there is no file; ONNX_READ when it cannot be read, as in {@link decodeModel}, or a file
 *   beside it is missing or too short
 */
export async function readModelFile(path: string): Promise<ModelFile> {
  const bytes = await readFileBytes(path);
  const beside = filesBeside(path);
  let isWhole = true;
  const model = decodeModel(bytes, path, (...place) => {
    isWhole = false;
    return beside(...place);
  });
  return { model, bytes: isWhole ? bytes : encodeModel(model) };
}

/** As they are: a model that only the engine must understand. @throws MODEL_MISSING, ONNX_READ */
export async function readFileBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') return fail('MODEL_MISSING', { path }, cause);
    const hint =
      code === 'EISDIR'
        ? `Give the file itself: ${join(path, 'model.onnx')}.`
        : 'Give an .onnx file that may be read.';
    return fail('ONNX_READ', { path, reason: readingReason(cause), hint }, cause);
  }
}

/** Reads parts of files in the model's folder, and of no others: a model must not read what it likes. */
function filesBeside(modelPath: string): ReadExternal {
  const folder = dirname(modelPath);
  return (location, offset, length) => {
    const inside = normalize(location);
    if (location === '' || isAbsolute(location) || inside === '..' || inside.startsWith(`..${sep}`))
      throw new Error("which is not in the model's folder");
    let file: number;
    try {
      file = openSync(join(folder, inside), 'r');
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') throw new Error('which is missing', { cause });
      throw cause;
    }
    try {
      const { size } = fstatSync(file);
      const wanted = length ?? Math.max(0, size - offset);
      if (offset + wanted > size)
        throw new Error(`which ends after ${size} bytes, before byte ${offset + wanted}`);
      const bytes = new Uint8Array(wanted);
      for (let done = 0; done < wanted; ) {
        const read = readSync(file, bytes, done, wanted - done, offset + done);
        if (read === 0) throw new Error(`which ends after ${offset + done} bytes`);
        done += read;
      }
      return bytes;
    } finally {
      closeSync(file);
    }
  };
}
