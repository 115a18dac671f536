/** Nodes as a file has them: what a training step makes of them, against ONNX Runtime on the file itself. */
import { encodeModel } from '../../onnx/encode.ts';
import type { OnnxModel, OnnxNode, Tensor } from '../../onnx/model.ts';
import { node } from '../../onnx/testing/node.ts';
import type { Random } from '../../random.ts';
import { createSession } from '../../runtime/session.ts';
import { LOSSES } from '../losses/index.ts';
import { startingVectors } from '../model-weights.ts';
import { OPTIMISERS } from '../optimisers/index.ts';
import { trainingGraph } from '../training-graph.ts';

export interface FileCase {
  readonly opset: number;
  readonly shape: readonly number[];
  readonly initializers?: Readonly<Record<string, Tensor>>;
  /** From `h`, which is the input times the weight `w`, to `y`. */
  readonly nodes: readonly OnnxNode[];
}

/** The case as a model with the weight `w` as well as its own. */
export function fileModel({ opset, shape, initializers = {}, nodes }: FileCase, w: Float32Array): OnnxModel {
  const unranked = { shape: [], unranked: true };
  return {
    irVersion: opset > 23 ? 11 : 10,
    opsets: { '': opset },
    producer: 'test',
    metadata: {},
    graph: {
      name: 'case',
      inputs: [{ name: 'x', dtype: 'float32', shape }],
      outputs: [{ name: 'y', dtype: 'float32', ...unranked }],
      initializers: new Map([['w', { dtype: 'float32', shape, data: w }], ...Object.entries(initializers)]),
      nodes: [node('Mul', ['x', 'w'], 'h'), ...nodes],
    },
  };
}

export const normalTensor = (random: Random, shape: readonly number[]): Tensor => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal()),
});
const flat = (data: Float32Array): Tensor => ({ dtype: 'float32', shape: [data.length], data });
const scalar = (value: number): Tensor => ({ dtype: 'float32', shape: [], data: Float32Array.of(value) });

async function evaluate(source: OnnxModel, x: Tensor): Promise<Tensor> {
  const session = await createSession(encodeModel(source), { optimisation: 'disabled' });
  const { y } = await session.run({ x });
  await session.release();
  return y!;
}

/**
 * How far the loss of a training step is from that of the file, relative to it where it is above 1; and how far the
 * gradient of `w`, and of the named initialisers, along a drawn direction is from the file's slope, relative to it.
 */
export async function trainedAsTheFileComputes(
  at: FileCase,
  random: Random,
  weights: readonly string[] = [],
): Promise<{ readonly loss: number; readonly gradient: number }> {
  const x = normalTensor(random, at.shape);
  const source = fileModel(at, normalTensor(random, at.shape).data as Float32Array);
  const output = await evaluate(source, x);
  const targets = normalTensor(random, output.shape);
  const trains = (name: string): boolean => name === 'w' || weights.includes(name);
  const graph = trainingGraph(source, LOSSES.meanSquaredError(), OPTIMISERS.sgd(), { trainable: trains });
  const start = startingVectors(graph, source).get('parameters')!;

  /** Loss of the file with other weights, all in one vector. */
  const lossOf = async (vector: Float32Array): Promise<number> => {
    const initializers = new Map(source.graph.initializers);
    for (const { name, shape, offset, length } of graph.parameters.entries)
      initializers.set(name, { dtype: 'float32', shape, data: vector.slice(offset, offset + length) });
    const { data } = await evaluate({ ...source, graph: { ...source.graph, initializers } }, x);
    const squares = Array.from(data as Float32Array, (v, i) => (v - Number(targets.data[i])) ** 2);
    return squares.reduce((a, b) => a + b, 0) / squares.length;
  };

  const session = await createSession(encodeModel(graph.model));
  const outputs = await session.run({
    x,
    targets,
    parameters: flat(start),
    decay: flat(new Float32Array(start.length)),
    learningRate: scalar(1),
    step: scalar(1),
  });
  await session.release();
  const after = outputs['next.parameters']!.data as Float32Array;
  const gradient = start.map((v, i) => v - after[i]!);
  const theirs = await lossOf(start);

  const direction = start.map((_, i) => random.normal() + 2 * Math.sign(gradient[i]!));
  const step = 5e-4;
  const shifted = (sign: number): Promise<number> =>
    lossOf(start.map((v, i) => v + sign * step * direction[i]!));
  const slope = ((await shifted(1)) - (await shifted(-1))) / (2 * step);
  const expected = gradient.reduce((sum, g, i) => sum + g * direction[i]!, 0);
  if (Math.abs(expected) < 1e-3) throw new Error('the case has no slope to compare');
  return {
    loss: Math.abs(Number(outputs.loss!.data[0]) - theirs) / Math.max(1, theirs),
    gradient: Math.abs(slope - expected) / Math.abs(expected),
  };
}
