import { describe, expect, test } from 'vitest';
import { encodeModel } from '../onnx/encode.ts';
import { createGraphBuilder, float32, type GraphBuilder, int } from '../onnx/graph-builder.ts';
import type { OnnxModel, Tensor } from '../onnx/model.ts';
import { createRandom } from '../random.ts';
import { createSession } from '../runtime/session.ts';
import { meanSquaredError } from './losses/mean-squared-error.ts';
import { mergeEqualNodes } from './merge-equal-nodes.ts';
import { startingVectors } from './model-weights.ts';
import { sgd } from './optimisers/sgd.ts';
import { trainingGraph } from './training-graph.ts';

const random = createRandom('equal nodes');
const drawn = (...shape: number[]): Tensor => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal()),
});
const WEIGHTS = new Map([
  ['in', drawn(4, 6)],
  ['a', drawn(6, 3)],
  ['b', drawn(6, 3)],
]);
const X = drawn(5, 4);
const TARGETS = drawn(5, 3);

/** Two layers that read an activation of the same value. */
function cell(activation: (g: GraphBuilder, x: string, edge: 'a' | 'b') => string): OnnxModel {
  const g = createGraphBuilder({ name: 'cell' });
  g.input('x', 'float32', [5, 4]);
  for (const [name, tensor] of WEIGHTS) g.initializer(name, tensor);
  const node = g.op('MatMul', ['x', 'in']);
  const edges = (['a', 'b'] as const).map((edge) => g.op('MatMul', [activation(g, node, edge), edge]));
  g.output(g.op('Add', edges), 'y');
  return g.build();
}

const apart = cell((g, x) => g.op('Relu', [x]));
const count = (model: OnnxModel, op: string): number =>
  mergeEqualNodes(model.graph).nodes.filter((node) => node.op === op).length;

/** The parameters after it, and the nodes that it takes. */
async function oneStep(model: OnnxModel) {
  const graph = trainingGraph(model, meanSquaredError(), sgd());
  const session = await createSession(encodeModel(graph.model));
  const parameters = startingVectors(graph, model).get('parameters')!;
  const vector = (data: Float32Array): Tensor => ({ dtype: 'float32', shape: [data.length], data });
  const scalar: Tensor = { dtype: 'float32', shape: [], data: Float32Array.of(1) };
  const outputs = await session.run({
    x: X,
    targets: TARGETS,
    parameters: vector(parameters),
    decay: vector(new Float32Array(parameters.length)),
    learningRate: scalar,
    step: scalar,
  });
  await session.release();
  return { parameters: outputs['next.parameters']!.data, nodes: graph.model.graph.nodes.length };
}

describe('equal nodes', () => {
  test('become one, and train as one that was there from the start', async () => {
    let shared: string | null = null;
    const together = cell((g, x) => {
      shared ??= g.op('Relu', [x]);
      return shared;
    });
    expect(count(apart, 'Relu')).toBe(1);
    expect(await oneStep(apart)).toEqual(await oneStep(together));
  });

  test('are merged behind merged ones too, and only where settings are equal', () => {
    const chain = cell((g, x, edge) =>
      g.op('Softmax', [g.op('Relu', [x])], { axis: int(edge === 'a' ? 1 : 0) }),
    );
    expect(count(chain, 'Relu')).toBe(1);
    expect(count(chain, 'Softmax')).toBe(2);
    const equal = cell((g, x) => g.op('Softmax', [g.op('Relu', [x])], { axis: int(1) }));
    expect(count(equal, 'Softmax')).toBe(1);
  });

  test('that draw, keep averages or leave the graph stay apart', () => {
    expect(
      count(
        cell((g, x) => g.op('Dropout', [x])),
        'Dropout',
      ),
    ).toBe(2);
    const normal = cell((g, x, edge) => {
      const names = ['scale', 'shift', 'mean', 'variance'];
      if (edge === 'a') for (const name of names) g.initializer(name, float32(new Float32Array(6).fill(1)));
      return g.op('BatchNormalization', [x, ...names]);
    });
    expect(count(normal, 'BatchNormalization')).toBe(2);
    const leaving = cell((g, x, edge) => {
      const relu = g.op('Relu', [x]);
      if (edge === 'b') g.output(relu, 'seen');
      return relu;
    });
    expect(count(leaving, 'Relu')).toBe(2);
  });
});
