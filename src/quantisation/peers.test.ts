/** Beside Python: the standard's checker, and ONNX Runtime's own quantiser. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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
import { minMaxPerTensor } from './testing/min-max-per-tensor.ts';
import { decibels, feedsFor, outputOf, smallModel } from './testing/models.ts';
import { ORT_QUANTISER, ortQuantise, pythonWith } from './testing/ort-quantiser.ts';

const CHECKER = pythonWith('onnx');
const QUANTISER = pythonWith(ORT_QUANTISER);

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

test('plain min-max with one scale for a tensor is as defined, and the same graph', async () => {
  const { graph } = model;
  const conv = graph.nodes.find(({ op }) => op === 'Conv')!;
  const weight = graph.initializers.get(conv.inputs[1]!)!;
  const each = weight.data.length / weight.shape[0]!;
  // Channels of very different size.
  const data = Float32Array.from(weight.data as Float32Array, (w, i) => w * 4 ** -(Math.floor(i / each) % 4));
  const uneven = {
    ...model,
    graph: { ...graph, initializers: new Map(graph.initializers).set(conv.inputs[1]!, { ...weight, data }) },
  };
  const plain = await minMaxPerTensor(uneven, batches, { threads: 1 });
  const inPlain = plain.graph.nodes.find(({ name }) => name === conv.name)!;
  const from = plain.graph.nodes.find(({ outputs }) => outputs[0] === inPlain.inputs[1])!;
  const [integers, scales] = from.inputs.slice(0, 2).map((name) => plain.graph.initializers.get(name)!.data);
  const scale = Math.max(...data.map(Math.abs)) / 127;
  for (const found of scales as Float32Array) expect(found).toBeCloseTo(scale, 7);
  (integers as Int8Array).forEach((integer, i) => {
    expect(Math.abs(integer - data[i]! / scale)).toBeLessThanOrEqual(0.5001);
  });
  const feeds = feedsFor(uneven, 'test', 64);
  const expected = await outputOf(uneven, feeds);
  // It computes the network, if coarsely.
  expect(decibels(expected, await outputOf(plain, feeds))).toBeGreaterThan(10);
  expect((await inspectKernels(encodeModel(plain))).conversions).toBe(
    (await inspectKernels(encodeModel((await quantise(uneven, batches)).model))).conversions,
  );
});

describe.skipIf(QUANTISER === null)(
  "ONNX Runtime's quantiser (skipped without Python's onnxruntime and onnx)",
  () => {
    test('is not more exact, and breaks the chain of integers more often', async () => {
      const bytes = ortQuantise(QUANTISER!, encodeModel(older(model)), batches, 'MinMax');
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
