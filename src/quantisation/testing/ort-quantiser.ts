/** ONNX Runtime's own quantiser, where Python has it. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Feeds } from '../calibration/observe.ts';

const SCRIPT = fileURLToPath(new URL('ort-quantiser.py', import.meta.url));

/** A Python that can import `module`, or null. ESPALIER_PYTHON names another one. */
export const pythonWith = (module: string): string | null =>
  [process.env.ESPALIER_PYTHON, 'python3', '/usr/bin/python3'].find(
    (python) => python !== undefined && spawnSync(python, ['-c', `import ${module}`]).status === 0,
  ) ?? null;

export const ORT_QUANTISER = 'onnxruntime.quantization';
export type OrtMethod = 'MinMax' | 'Entropy' | 'Percentile';

/**
 * @param model ONNX bytes in a version that Python's onnx reads; its input is `input`
 * @param batches all of one shape
 * @throws what Python says
 */
export function ortQuantise(
  python: string,
  model: Uint8Array,
  batches: readonly Feeds[],
  method: OrtMethod,
): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-ort-'));
  const [source, images, target] = ['float.onnx', 'images.f32', 'int8.onnx'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  try {
    writeFileSync(source, model);
    const tensors = batches.map(({ input }) => input!);
    writeFileSync(
      images,
      Buffer.concat(
        tensors.map(
          ({ data }) => new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength),
        ),
      ),
    );
    const shape = tensors[0]!.shape.join(',');
    execFileSync(python, [SCRIPT, source, images, shape, target, method], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    return readFileSync(target);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
