/** The training graph as a function of its own: symbolic axes, its inputs and outputs, and the way back to a model. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { decodeModel } from '../onnx/decode.ts';
import { encodeModel } from '../onnx/encode.ts';
import { createGraphBuilder, float, float32 } from '../onnx/graph-builder.ts';
import type { OnnxModel, Tensor } from '../onnx/model.ts';
import { createRandom } from '../random.ts';
import { createSession } from '../runtime/session.ts';
import { LOSSES } from './losses/index.ts';
import { startingVectors, trainedModel } from './model-weights.ts';
import { OPTIMISERS } from './optimisers/index.ts';
import { trainingGraph } from './training-graph.ts';

const random = createRandom('training graph');
const drawn = (...shape: number[]): Tensor => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal()),
});

/** Batch norm and a linear layer; the batch is a symbol. Read back from its bytes, as a file would be. */
function model(): OnnxModel {
  const g = createGraphBuilder({ name: 'small', reserved: new Set(['y']) });
  g.input('x', 'float32', ['N', 4]);
  g.initializer('scale', float32([1, 1, 1, 1]));
  g.initializer('shift', float32([0, 0, 0, 0]));
  g.initializer('mean', float32([0, 0, 0, 0]));
  g.initializer('variance', float32([1, 1, 1, 1]));
  g.initializer('w', drawn(4, 2));
  const normal = g.op('BatchNormalization', ['x', 'scale', 'shift', 'mean', 'variance'], {
    momentum: float(0.5),
  });
  g.output(g.node('MatMul', [normal, 'w'], { outputs: ['y'], name: 'layer' })[0]!);
  return decodeModel(encodeModel(g.build()));
}

const BATCH = 6;
const dimensions = { N: BATCH };
const scalar = (value: number): Tensor => ({ dtype: 'float32', shape: [], data: Float32Array.of(value) });

async function oneStep(movingAverage: boolean) {
  const source = model();
  const graph = trainingGraph(source, LOSSES.meanSquaredError(), OPTIMISERS.rmsprop(), {
    dimensions,
    movingAverage,
  });
  const session = await createSession(encodeModel(graph.model));
  const vectors = startingVectors(graph, source);
  const feeds = {
    ...Object.fromEntries(
      [...vectors].map(([name, data]) => [name, { dtype: 'float32' as const, shape: [data.length], data }]),
    ),
    x: drawn(BATCH, 4),
    targets: drawn(BATCH, 2),
    decay: { ...drawn(graph.parameters.length), data: new Float32Array(graph.parameters.length) },
    learningRate: scalar(0.1),
    step: scalar(1),
    averageDecay: scalar(0.75),
  };
  const known = new Set(session.inputNames);
  expect([...known].filter((name) => !(name in feeds))).toEqual([]);
  const outputs = await session.run(
    Object.fromEntries(Object.entries(feeds).filter(([name]) => known.has(name))),
  );
  await session.release();
  const next = new Map(
    [...vectors.keys()].map((name) => [name, outputs[`next.${name}`]!.data as Float32Array]),
  );
  return { source, graph, vectors, next, outputs };
}

describe('a training graph', () => {
  test('takes and gives the vectors that it says', async () => {
    const { graph, vectors, next, outputs } = await oneStep(false);
    expect([...vectors.keys()].sort()).toEqual(['meanSquare', 'parameters', 'statistics']);
    expect(graph.parameters.entries.map((e) => e.name).sort()).toEqual(['scale', 'shift', 'w']);
    const sum = [...next.values()].reduce((s, v) => v.reduce((t, x) => t + Math.abs(x), s), 0);
    expect(Number(outputs.magnitude!.data[0])).toBeCloseTo(sum, 3);
  });

  test('goes back into the model, which keeps its symbolic axis', async () => {
    const { source, graph, next } = await oneStep(false);
    const trained = decodeModel(encodeModel(trainedModel(source, graph, next)));
    expect(trained.graph.inputs[0]!.shape).toEqual(['N', 4]);
    const before = source.graph.initializers;
    for (const [name, tensor] of trained.graph.initializers) {
      expect(tensor.shape).toEqual(before.get(name)!.shape);
      expect(tensor.data, name).not.toEqual(before.get(name)!.data);
    }
    const { offset, length } = graph.parameters.entries.find((e) => e.name === 'w')!;
    expect(trained.graph.initializers.get('w')!.data).toEqual(
      next.get('parameters')!.slice(offset, offset + length),
    );
  });

  test('gives back the moving averages where it keeps them', async () => {
    const { source, graph, vectors, next } = await oneStep(true);
    const began = vectors.get('average')!;
    const average = next.get('average')!;
    // a ← value + 0.75·(a − value)
    next.get('parameters')!.forEach((value, i) => {
      expect(average[i]).toBeCloseTo(value + 0.75 * (began[i]! - value), 6);
    });
    const trained = trainedModel(source, graph, next).graph.initializers;
    const { offset, length } = graph.parameters.entries.find((e) => e.name === 'w')!;
    expect(trained.get('w')!.data).toEqual(average.slice(offset, offset + length));
    expect([...(trained.get('mean')!.data as Float32Array)]).toEqual([
      ...next.get('averageStatistics')!.slice(0, 4),
    ]);
  });

  test('needs the size of every axis', () => {
    expect(() => trainingGraph(model(), LOSSES.meanSquaredError(), OPTIMISERS.sgd())).toThrow(
      /axis "N" has no size; give it one in the option `dimensions`/,
    );
  });

  test('watches every layer and gradient on demand only', () => {
    const build = (watch: boolean) =>
      trainingGraph(model(), LOSSES.meanSquaredError(), OPTIMISERS.sgd(), { dimensions, watch });
    expect(build(false).watched).toEqual([]);
    expect(build(false).model.graph.outputs.some((o) => o.name.startsWith('watch.'))).toBe(false);
    const watched = build(true).watched.map(({ layer, part }) => `${part} of ${layer?.name ?? 'loss'}`);
    expect(watched.slice(1, 4)).toEqual(['value of layer', 'loss of loss', 'gradient of loss']);
    expect(watched).toContain('gradient of layer');
  });
});

test('every loss and optimiser stands in the documentation', () => {
  const text = readFileSync(new URL('../../docs/training-graph.md', import.meta.url), 'utf8');
  const names = [...Object.keys(LOSSES), ...Object.keys(OPTIMISERS)];
  expect(names.filter((name) => !text.includes(`| \`${name}\` |`))).toEqual([]);
});
