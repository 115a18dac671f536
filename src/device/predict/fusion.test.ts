import { expect, test } from 'vitest';
import { fail } from '../../errors.ts';
import { decodeModel } from '../../onnx/decode.ts';
import { createGraphBuilder } from '../../onnx/graph-builder.ts';
import type { OnnxModel } from '../../onnx/model.ts';
import { createRandom } from '../../random.ts';
import { fusedKinds, pairOf, without } from './fusion.ts';
import { kernelsOf } from './kernels.ts';
import type { Timer } from './time-briefly.ts';
import { steady } from './typical-latency.ts';
import { workOf } from './work.ts';

/** Convolution, Relu, Relu behind the sum, Tanh: three kinds of followers and one that the graph ends with. */
function model(): OnnxModel {
  const g = createGraphBuilder({ name: 'followers' });
  const input = g.input('x', 'float32', [1, 16, 8, 8]);
  const kernel = g.constant({ dtype: 'float32', shape: [16, 16, 1, 1], data: new Float32Array(256) });
  const first = g.op('Relu', [g.op('Conv', [input, kernel])]);
  const second = g.op('Relu', [g.op('Conv', [first, kernel])]);
  const sum = g.op('Relu', [g.op('Add', [first, second])]);
  const bent = g.op('Tanh', [g.op('Conv', [sum, kernel])]);
  g.output(g.op('Relu', [g.op('Mul', [bent, bent])]), 'y');
  return g.build();
}

const ops = ({ graph }: OnnxModel): string[] => graph.nodes.map(({ op }) => op);

test('activations behind one operator are left out, and those behind another stay', () => {
  const whole = model();
  expect(ops(without(whole, { op: 'Relu', producer: 'Conv' }))).toEqual(
    ops(whole).filter((op, i, all) => !(op === 'Relu' && all[i - 1] === 'Conv')),
  );
  const { graph } = without(whole, { op: 'Relu', producer: 'Conv' });
  const written = new Set([
    'x',
    ...graph.initializers.keys(),
    ...graph.nodes.flatMap(({ outputs }) => outputs),
  ]);
  for (const { inputs } of graph.nodes) for (const name of inputs) expect(written).toContain(name);
  // What the graph gives is not taken from it.
  expect(ops(without(whole, { op: 'Relu', producer: 'Mul' }))).toEqual(ops(whole));
  expect(pairOf('Relu after Conv')).toEqual({ op: 'Relu', producer: 'Conv' });
  expect(pairOf('Relu of a vector after Conv')).toBeNull();
  expect(pairOf('Add after Conv')).toBeNull();
  expect(pairOf('Conv 3x3 stride 1')).toBeNull();
});

test('what takes no time behind an operator is found, and what does, or is refused, is not', async () => {
  const samples = [{ index: 7, ms: 1, work: workOf(kernelsOf(model())) }];
  // A number costs 0.1 µs: by itself a Relu of 1,024 would take a fifth of a millisecond.
  const coefficients = { 'Relu/moved': 1e-4, 'Add/moved': 1e-4, 'Mul/moved': 1e-4 };
  const asked: number[] = [];
  const random = createRandom('fusion');
  const draw = async (index: number): Promise<OnnxModel> => {
    asked.push(index);
    return model();
  };
  const options = { draw, random };
  /** Convolutions with a Relu behind them take no longer; everything else does. */
  const fusing: Timer = async (encoded) => {
    const followed = ops(decodeModel(encoded));
    return steady(
      followed.reduce((ms, op, i) => ms + (op === 'Relu' && followed[i - 1] === 'Conv' ? 0 : 0.2), 0),
    );
  };
  expect(await fusedKinds(coefficients, samples, { ...options, timer: fusing })).toEqual(['Relu after Conv']);
  expect(new Set(asked)).toEqual(new Set([7]));
  const plain: Timer = async (encoded) => steady(0.2 * ops(decodeModel(encoded)).length);
  expect(await fusedKinds(coefficients, samples, { ...options, timer: plain })).toEqual([]);
  const away: Timer = async () => fail('DEVICE_UNREACHABLE', { device: 'a', reason: 'gone' });
  expect(await fusedKinds(coefficients, samples, { ...options, timer: away })).toEqual([]);
  const stopped: Timer = async () => {
    throw new Error('stopped');
  };
  await expect(fusedKinds(coefficients, samples, { ...options, timer: stopped })).rejects.toThrow('stopped');
});
