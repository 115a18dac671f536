/** Beside Python: the standard's checker, and ONNX Runtime's own quantiser. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { classifierHead } from '../network/blocks/classifier-head.ts';
import { convBnAct } from '../network/blocks/conv-bn-act.ts';
import { invertedResidual } from '../network/blocks/inverted-residual.ts';
import { residualBlock } from '../network/blocks/residual-block.ts';
import { decodeModel } from '../onnx/decode.ts';
import { encodeModel } from '../onnx/encode.ts';
import type { OnnxModel } from '../onnx/model.ts';
import { inspectKernels } from './kernels.ts';
import { quantise } from './quantise.ts';
import { decibels, feedsFor, outputOf, smallModel } from './testing/models.ts';

/** A Python that can import `module`, or null. ESPALIER_PYTHON names another one. */
const pythonWith = (module: string): string | null =>
  [process.env.ESPALIER_PYTHON, 'python3', '/usr/bin/python3'].find(
    (python) => python !== undefined && spawnSync(python, ['-c', `import ${module}`]).status === 0,
  ) ?? null;

const CHECKER = pythonWith('onnx');
const QUANTISER = pythonWith('onnxruntime.quantization');

const model = smallModel((b) => {
  let x = convBnAct(b, b.input, { out: 8, kernel: 3, activation: 'relu6' });
  x = residualBlock(b, x, { out: 12, kernel: 3, stride: 2, activation: 'relu' });
  x = invertedResidual(b, x, {
    out: 12,
    kernel: 3,
    stride: 1,
    expansion: 2,
    squeezeExcite: null,
    activation: 'hardSwish',
  });
  return classifierHead(b, x, 5);
});
/** For checkers and runtimes of some years ago. */
const older = (m: OnnxModel): OnnxModel => ({ ...m, irVersion: 8, opsets: { '': 17 } });
const batches = ['a', 'b', 'c', 'd'].map((seed) => feedsFor(model, seed, 16));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-quantisation-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(CHECKER === null)("the standard's checker (skipped without Python's onnx)", () => {
  test.each(['onnxruntime', 'tensorrt'] as const)('accepts the quantised model for %s', async (target) => {
    const path = join(folder, `${target}.onnx`);
    writeFileSync(path, encodeModel(older((await quantise(model, batches, { target })).model)));
    const script =
      'import sys, onnx; onnx.checker.check_model(onnx.load(sys.argv[1]), full_check=True); print("good")';
    expect(execFileSync(CHECKER!, ['-c', script, path], { encoding: 'utf8' }).trim()).toBe('good');
  });
});

const SCRIPT = `
import sys, numpy as np
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
source, data, target = sys.argv[1:4]
images = np.fromfile(data, np.float32).reshape(4, 16, 3, 8, 8)
class Reader(CalibrationDataReader):
    def __init__(self): self.left = list(images)
    def get_next(self): return {'input': self.left.pop()} if self.left else None
quant_pre_process(source, source + '.pre', skip_symbolic_shape=True)
quantize_static(source + '.pre', target, Reader(), quant_format=QuantFormat.QDQ, per_channel=True,
    activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, calibrate_method=CalibrationMethod.MinMax)
`;

describe.skipIf(QUANTISER === null)(
  "ONNX Runtime's quantiser (skipped without Python's onnxruntime and onnx)",
  () => {
    test('is not more exact, and breaks the chain of integers more often', async () => {
      const [source, data, target] = ['float.onnx', 'data.raw', 'int8.onnx'].map((name) =>
        join(folder, name),
      );
      writeFileSync(source!, encodeModel(older(model)));
      writeFileSync(data!, Buffer.concat(batches.map((b) => new Uint8Array(b.input!.data.buffer))));
      execFileSync(QUANTISER!, ['-c', SCRIPT, source!, data!, target!], { stdio: 'ignore' });
      const bytes = readFileSync(target!);
      const { model: ours } = await quantise(model, batches, { method: 'minMax' });
      const feeds = feedsFor(model, 'test', 64);
      const expected = await outputOf(model, feeds);
      const [own, theirs] = [await outputOf(ours, feeds), await outputOf(decodeModel(bytes), feeds)];
      // Both round to 8 bits: of equal exactness within chance.
      expect(decibels(expected, own)).toBeGreaterThan(decibels(expected, theirs) - 1.5);
      const [ourKernels, theirKernels] = [
        await inspectKernels(encodeModel(ours)),
        await inspectKernels(bytes),
      ];
      expect(ourKernels.float.length).toBeLessThan(theirKernels.float.length);
      expect(ourKernels.conversions).toBeLessThan(theirKernels.conversions);
    });
  },
);
