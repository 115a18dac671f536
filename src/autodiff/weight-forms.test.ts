/** Weights in every form that a file may keep them in: they train, and go back in that form. */
import { expect, test } from 'vitest';
import { fromBfloat16, toBfloat16 } from '../onnx/bfloat16.ts';
import { decodeModel } from '../onnx/decode.ts';
import { encodeModel } from '../onnx/encode.ts';
import { toFloat16 } from '../onnx/float16.ts';
import { int, int64 } from '../onnx/graph-builder.ts';
import type { DataType, OnnxModel, OnnxNode, Tensor } from '../onnx/model.ts';
import { node } from '../onnx/testing/node.ts';
import { createRandom } from '../random.ts';
import { createSession } from '../runtime/session.ts';
import { createStepper } from '../train/step.ts';
import { LOSSES } from './losses/index.ts';
import { startingVectors, trainedModel } from './model-weights.ts';
import { OPTIMISERS } from './optimisers/index.ts';
import { type TrainingGraphOptions, trainingGraph } from './training-graph.ts';

const random = createRandom('weight forms');
const single = (shape: readonly number[], of = () => random.normal()): Tensor => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, of),
});
const half = (t: Tensor): Tensor => ({ ...t, dtype: 'float16', data: toFloat16(t.data as Float32Array) });
const double = (t: Tensor): Tensor => ({
  ...t,
  dtype: 'float64',
  data: Float64Array.from(t.data as Float32Array),
});
const brain = (t: Tensor): Tensor => ({ ...t, dtype: 'bfloat16', data: toBfloat16(t.data as Float32Array) });
const asBrain = (t: Tensor): Tensor => ({ ...t, data: fromBfloat16(brain(t).data as Uint16Array) });

// Numbers that 16 bits of either kind hold, and are not small: the same network in every precision.
const WEIGHTS = {
  matrix: asBrain(single([4, 5])),
  bias: asBrain(single([5])),
  head: asBrain(single([5, 2])),
};
const TEMPERATURE = asBrain(single([], () => 1.5));

function network(
  initializers: Readonly<Record<string, Tensor>>,
  nodes: readonly OnnxNode[],
  dtype: DataType = 'float32',
): OnnxModel {
  const model: OnnxModel = {
    irVersion: 8,
    opsets: { '': 17 },
    producer: 'test',
    metadata: {},
    graph: {
      name: 'forms',
      inputs: [{ name: 'x', dtype, shape: ['n', 4] }],
      outputs: [{ name: 'y', dtype, shape: ['n', 2] }],
      initializers: new Map(Object.entries(initializers)),
      nodes,
    },
  };
  return decodeModel(encodeModel(model));
}
const LAYERS = [
  node('MatMul', ['x', 'matrix'], 'a'),
  node('Add', ['bias', 'a'], 'b'),
  node('Tanh', ['b'], 'c'),
  node('MatMul', ['c', 'head'], 'd'),
  node('Mul', ['d', 'temperature'], 'y'),
];
const PLAIN = network({ ...WEIGHTS, temperature: TEMPERATURE }, LAYERS);

const BATCH = 8;
const x = single([BATCH, 4]);
const targets = single([BATCH, 2]);

async function train(model: OnnxModel, options: TrainingGraphOptions = {}) {
  const graph = trainingGraph(model, LOSSES.meanSquaredError(), OPTIMISERS.sgd(), {
    dimensions: { n: BATCH },
    ...options,
  });
  const decay = new Float32Array(graph.parameters.length);
  const stepper = await createStepper(graph, startingVectors(graph, model), decay, { threads: 1 });
  const losses: number[] = [];
  for (let i = 0; i < 5; i++)
    losses.push(await stepper.step({ feeds: { x, targets }, learningRate: 0.1 }, random));
  const trained = trainedModel(model, graph, stepper.vectors());
  await stepper.release();
  return { graph, losses, trained: decodeModel(encodeModel(trained)).graph };
}
const names = ({ graph }: Awaited<ReturnType<typeof train>>): string[] =>
  graph.parameters.entries.map((e) => e.name).sort();
const plain = train(PLAIN);

test.each([
  ['float16', half, 10],
  ['bfloat16', brain, 16],
  ['float64', double, 11],
] as const)('%s: trained in float32, written back', async (dtype, convert, type) => {
  const all = Object.entries({ ...WEIGHTS, temperature: TEMPERATURE });
  const initializers = Object.fromEntries(all.map(([name, t]) => [name, convert(t)]));
  const model = network(initializers, LAYERS, dtype);
  const found = await train(model);
  expect(found.losses).toEqual((await plain).losses);
  expect(found.graph.model.graph.inputs.find((i) => i.name === 'x')!.dtype).toBe('float32');
  const exact = (await plain).trained.initializers;
  for (const [name, tensor] of found.trained.initializers)
    expect(tensor, name).toEqual(convert(exact.get(name)!));
  expect(found.trained.inputs[0]).toEqual(model.graph.inputs[0]);

  // Mixed: float32 outside, the network behind casts.
  const inner = LAYERS.map((n) => ({
    ...n,
    inputs: n.inputs.map((i) => (i === 'x' ? 'x/cast' : i)),
    outputs: n.outputs.map((o) => (o === 'y' ? 'y/inner' : o)),
  }));
  const mixed = network(initializers, [
    node('Cast', ['x'], 'x/cast', { to: int(type) }),
    ...inner,
    node('Cast', ['y/inner'], 'y', { to: int(1) }),
  ]);
  expect((await train(mixed)).losses).toEqual((await plain).losses);
});

test('scalars: constants unless they are chosen', async () => {
  const fixed = await plain;
  expect(names(fixed)).toEqual(['bias', 'head', 'matrix']);
  expect(fixed.trained.initializers.get('temperature')).toEqual(TEMPERATURE);
  const chosen = await train(PLAIN, { trainableScalars: (name) => name === 'temperature' });
  expect(names(chosen)).toEqual(['bias', 'head', 'matrix', 'temperature']);
  expect(chosen.losses[0]).toBe(fixed.losses[0]);
  const moved = chosen.trained.initializers.get('temperature')!;
  expect(moved.shape).toEqual([]);
  expect(moved.data).not.toEqual(TEMPERATURE.data);
  // The same network with a vector of one element: the same gradient.
  const vector = network({ ...WEIGHTS, temperature: { ...TEMPERATURE, shape: [1] } }, LAYERS);
  const same = await train(vector);
  expect(same.losses).toEqual(chosen.losses);
  expect(same.trained.initializers.get('temperature')!.data).toEqual(moved.data);
});

test('Constant nodes that layers read as weights', async () => {
  const constants = Object.entries(WEIGHTS).map(([name, value]) =>
    node('Constant', [], name, { value: { type: 'tensor', value } }),
  );
  const found = await train(network({ temperature: TEMPERATURE }, [...constants, ...LAYERS]));
  expect(names(found)).toEqual(['bias', 'head', 'matrix']);
  expect(found.losses).toEqual((await plain).losses);
  for (const name of Object.keys(WEIGHTS))
    expect(found.trained.initializers.get(name)).toEqual((await plain).trained.initializers.get(name));
  expect(found.trained.nodes.some((n) => n.op === 'Constant')).toBe(false);
});

test('a constant that no layer owns stays one', async () => {
  const shift = node('Constant', [], 'shift', { value: { type: 'tensor', value: single([4]) } });
  const [first, ...rest] = LAYERS;
  const model = network({ ...WEIGHTS, temperature: TEMPERATURE }, [
    shift,
    node('Sub', ['x', 'shift'], 'shifted'),
    { ...first!, inputs: ['shifted', 'matrix'] },
    ...rest,
  ]);
  const found = await train(model);
  expect(names(found)).toEqual(['bias', 'head', 'matrix']);
  expect(found.trained.nodes[0]!.attributes).toEqual(shift.attributes);
});

test('a norm that an exporter filled with ones and zeros has no weights; one with other constants has', async () => {
  const constant = (name: string, values: readonly number[]): OnnxNode =>
    node('Constant', [], name, {
      value: { type: 'tensor', value: { dtype: 'float32', shape: [4], data: Float32Array.from(values) } },
    });
  const normed = (scale: readonly number[], shift: readonly number[]): OnnxModel =>
    network({ ...WEIGHTS, temperature: TEMPERATURE }, [
      constant('scale', scale),
      constant('shift', shift),
      node('LayerNormalization', ['x', 'scale', 'shift'], 'normed'),
      { ...LAYERS[0]!, inputs: ['normed', 'matrix'] },
      ...LAYERS.slice(1),
    ]);
  const filled = await train(normed([1, 1, 1, 1], [0, 0, 0, 0]));
  expect(names(filled)).toEqual(['bias', 'head', 'matrix']);
  expect(filled.trained.nodes.slice(0, 2).map((n) => n.op)).toEqual(['Constant', 'Constant']);
  const own = await train(normed([1, 1, 1, 0.5], [0, 0, 0, 0.5]));
  expect(names(own)).toEqual(['bias', 'head', 'matrix', 'scale', 'shift']);
});

test('initialisers that are listed as inputs too', async () => {
  const inputs = [...PLAIN.graph.inputs, { name: 'matrix', dtype: 'float32' as const, shape: [4, 5] }];
  const model = { ...PLAIN, graph: { ...PLAIN.graph, inputs } };
  const found = await train(model);
  expect(found.losses).toEqual((await plain).losses);
  const session = await createSession(encodeModel({ ...model, graph: found.trained }));
  const { y } = await session.run({ x });
  await session.release();
  const loss = Array.from(y!.data as Float32Array, (v, i) => (v - Number(targets.data[i])) ** 2);
  expect(loss.reduce((a, b) => a + b, 0) / loss.length).toBeLessThan(found.losses.at(-1)!);
});

test('a weight that a layer reads in another shape', async () => {
  const token = asBrain(single([1, 4]));
  const shown = (op: string, ...sizes: number[]): OnnxModel =>
    network({ ...WEIGHTS, temperature: TEMPERATURE, token, sizes: int64(sizes) }, [
      node(op, ['token', 'sizes'], 'shown'),
      node('Add', ['x', 'shown'], 'shifted'),
      { ...LAYERS[0]!, inputs: ['shifted', 'matrix'] },
      ...LAYERS.slice(1),
    ]);
  // Tile is written with reshapes, Expand is not: the same copies.
  const [tiled, expanded] = [await train(shown('Tile', BATCH, 1)), await train(shown('Expand', BATCH, 4))];
  expect(tiled.losses).toEqual(expanded.losses);
  expect(tiled.trained.initializers.get('token')).toEqual(expanded.trained.initializers.get('token'));
  expect(tiled.trained.initializers.get('token')!.data).not.toEqual(token.data);
});

test('nothing that trains', () => {
  const build = () =>
    trainingGraph(PLAIN, LOSSES.meanSquaredError(), OPTIMISERS.sgd(), {
      dimensions: { n: BATCH },
      trainable: () => false,
    });
  expect(build).toThrow(/has no float weights that are not frozen/);
});
