/**
 * Recurrent layers in what PyTorch does not write: against ONNX Runtime on the file. The rest is checked against PyTorch
 * (gradients.test.ts, torch-models.test.ts).
 */
import { describe, expect, test } from 'vitest';
import { encodeModel } from '../onnx/encode.ts';
import { float32, int, int64, str } from '../onnx/graph-builder.ts';
import type { Attribute, Attributes, OnnxNode, Tensor } from '../onnx/model.ts';
import { ONNX_TYPE } from '../onnx/shape-rules.ts';
import { node } from '../onnx/testing/node.ts';
import { createRandom } from '../random.ts';
import { createSession } from '../runtime/session.ts';
import { LOSSES } from './losses/index.ts';
import { startingVectors, trainedModel } from './model-weights.ts';
import { OPTIMISERS } from './optimisers/index.ts';
import { type FileCase, fileModel, normalTensor, trainedAsTheFileComputes } from './testing/file-case.ts';
import { trainingGraph } from './training-graph.ts';

const [LENGTH, BATCH, FEATURES, HIDDEN] = [4, 3, 2, 3] as const;
const GATES = { LSTM: 4, GRU: 3, RNN: 1 } as const;
type Op = keyof typeof GATES;

const small = (random: ReturnType<typeof createRandom>, shape: readonly number[]): Tensor => {
  const tensor = normalTensor(random, shape);
  return { ...tensor, data: (tensor.data as Float32Array).map((v) => 0.5 * v) };
};
const strings = (...value: string[]): Attribute => ({ type: 'strings', value });
const lengths = (...values: number[]): Tensor => ({
  dtype: 'int32',
  shape: [BATCH],
  data: Int32Array.from(values),
});

/** Every step of the layer plus its last state. */
function layer(op: Op, attributes: Attributes, length?: Tensor | 'computed'): FileCase {
  const random = createRandom(op);
  const directions = attributes.direction?.value === 'bidirectional' ? 2 : 1;
  const rows = GATES[op] * HIDDEN;
  const recurrent: OnnxNode = {
    name: 'layer',
    op,
    domain: '',
    inputs: ['h', 'W', 'R', 'B', length ? 'lengths' : ''],
    outputs: ['every', 'last'],
    attributes: { hidden_size: int(HIDDEN), ...attributes },
  };
  const computed = length === 'computed' ? computedLengths() : { nodes: [], initializers: {} };
  return {
    opset: 17,
    shape: [LENGTH, BATCH, FEATURES],
    initializers: {
      W: small(random, [directions, rows, FEATURES]),
      R: small(random, [directions, rows, HIDDEN]),
      B: small(random, [directions, 2 * rows]),
      ...(typeof length === 'object' && { lengths: length }),
      ...computed.initializers,
    },
    nodes: [...computed.nodes, recurrent, node('Add', ['every', 'last'], 'y')],
  };
}

/** Lengths that follow from the input, 1 to all steps. */
const computedLengths = (): Required<Pick<FileCase, 'nodes' | 'initializers'>> => ({
  initializers: {
    from: int64([0, 0, 0]),
    to: int64([1, BATCH, 1]),
    batch: int64([BATCH]),
    one: float32(1),
    all: float32(LENGTH),
  },
  nodes: [
    node('Slice', ['x', 'from', 'to'], 'corner'),
    node('Reshape', ['corner', 'batch'], 'row'),
    node('Abs', ['row'], 'size'),
    node('Add', ['size', 'one'], 'larger'),
    node('Clip', ['larger', 'one', 'all'], 'bounded'),
    node('Cast', ['bounded'], 'lengths', { to: int(ONNX_TYPE.int32) }),
  ],
});

const CASES: Readonly<Record<string, FileCase>> = {
  'GRU that resets before the product': layer('GRU', { linear_before_reset: int(0) }),
  'GRU that resets before the product, in both directions': layer('GRU', { direction: str('bidirectional') }),
  'LSTM of sequences of several lengths': layer('LSTM', {}, lengths(2, 4, 1)),
  'LSTM of sequences of several lengths, in both directions': layer(
    'LSTM',
    { direction: str('bidirectional') },
    lengths(3, 1, 2),
  ),
  'GRU of sequences of several lengths, in reverse': layer(
    'GRU',
    { direction: str('reverse'), linear_before_reset: int(1) },
    lengths(2, 3, 4),
  ),
  'LSTM of sequences whose lengths the file computes': layer(
    'LSTM',
    { direction: str('bidirectional') },
    'computed',
  ),
  'LSTM, 22': { ...layer('LSTM', { direction: str('bidirectional') }), opset: 22 },
  'GRU, 22': { ...layer('GRU', { direction: str('reverse'), linear_before_reset: int(1) }), opset: 22 },
  'RNN, 22': { ...layer('RNN', { activations: strings('Relu') }), opset: 22 },
  'RNN of sequences that are all of full length': layer('RNN', {}, lengths(4, 4, 4)),
  'LSTM of other activations': layer('LSTM', { activations: strings('Tanh', 'Sigmoid', 'Softplus') }),
  'RNN of other activations in each direction': layer('RNN', {
    direction: str('bidirectional'),
    activations: strings('Tanh', 'Sigmoid'),
  }),
};

describe('as the file computes', () => {
  test.each(Object.entries(CASES))('%s', async (name, at) => {
    const { loss, gradient } = await trainedAsTheFileComputes(at, createRandom(name), ['W', 'R', 'B']);
    expect(loss).toBeLessThan(1e-5);
    expect(gradient).toBeLessThan(0.02);
  });
});

const step = async (at: FileCase) => {
  const random = createRandom('trained');
  const w = normalTensor(random, at.shape).data as Float32Array;
  const model = fileModel(at, w);
  return { model, graph: trainingGraph(model, LOSSES.meanSquaredError(), OPTIMISERS.sgd()) };
};

test('the trained file keeps its layer, with its weights under their names', async () => {
  const { model, graph } = await step(CASES['LSTM of sequences of several lengths, in both directions']!);
  expect(graph.parameters.entries.map(({ name }) => name).sort()).toEqual(['B', 'R', 'W', 'w']);
  const vectors = startingVectors(graph, model);
  vectors.set(
    'parameters',
    vectors.get('parameters')!.map((v) => 2 * v),
  );
  const trained = trainedModel(model, graph, vectors);
  expect(trained.graph.nodes).toEqual(model.graph.nodes);
  const twice = (name: string) =>
    Array.from(model.graph.initializers.get(name)!.data as Float32Array, (v) => 2 * v);
  for (const name of ['W', 'R', 'B'])
    expect([...trained.graph.initializers.get(name)!.data]).toEqual(twice(name));
  const session = await createSession(encodeModel(trained));
  const { y } = await session.run({ x: normalTensor(createRandom('x'), [LENGTH, BATCH, FEATURES]) });
  expect(y!.shape).toEqual([LENGTH, 2, BATCH, HIDDEN]);
  await session.release();
});

test('a first state of zeros is no weight, another one is', () => {
  const state = (fill: number) => {
    const at = layer('LSTM', {});
    const [recurrent, ...rest] = at.nodes as [OnnxNode, ...OnnxNode[]];
    const shape = [1, BATCH, HIDDEN];
    const zeros = float32(new Float32Array(BATCH * HIDDEN).fill(fill), shape);
    const nodes = [{ ...recurrent, inputs: [...recurrent.inputs, 's', 'c'] }, ...rest];
    const initializers = { ...at.initializers, s: zeros, c: { ...zeros } };
    const model = fileModel({ ...at, nodes, initializers }, new Float32Array(LENGTH * BATCH * FEATURES));
    const { parameters } = trainingGraph(model, LOSSES.meanSquaredError(), OPTIMISERS.sgd());
    return parameters.entries.map(({ name }) => name).filter((name) => ['s', 'c'].includes(name));
  };
  expect(state(0)).toEqual([]);
  expect(state(0.1)).toEqual(['s', 'c']);
});

describe('refused with the reason', () => {
  const peepholes = layer('LSTM', {});
  const withPeepholes: FileCase = {
    ...peepholes,
    initializers: { ...peepholes.initializers, P: float32(new Float32Array(3 * HIDDEN), [1, 3 * HIDDEN]) },
    nodes: peepholes.nodes.map((n) =>
      n.op === 'LSTM' ? { ...n, inputs: [...n.inputs.slice(0, 4), '', '', '', 'P'] } : n,
    ),
  };
  const refused: Readonly<Record<string, readonly [FileCase, RegExp]>> = {
    'batch first': [layer('LSTM', { layout: int(1) }), /LSTM \(layout 1.*"layer"/],
    clip: [layer('GRU', { clip: { type: 'float', value: 3 } }), /GRU \(with clip\)/],
    input_forget: [layer('LSTM', { input_forget: int(1) }), /with input_forget/],
    peepholes: [withPeepholes, /with peepholes/],
    'activations with settings': [
      layer('RNN', { activation_alpha: { type: 'floats', value: [0.3] }, activations: strings('LeakyRelu') }),
      /with activation_alpha/,
    ],
    'other activations': [layer('RNN', { activations: strings('Affine') }), /RNN \(of Affine\)/],
    'weights that do not fit': [
      { ...layer('RNN', {}), shape: [LENGTH, BATCH, FEATURES + 1] },
      /Layer "layer" \(RNN\).*its weights must be \[1, 3, 3\]/,
    ],
  };
  test.each(Object.entries(refused))('%s', async (_, [at, message]) => {
    await expect(step(at)).rejects.toThrow(message);
    await expect(step(at)).rejects.toMatchObject({ name: 'EspalierError' });
  });
});
