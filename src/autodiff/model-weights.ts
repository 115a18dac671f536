/** The way of a model's weights into the vectors of its training graph and back. */
import { exposeWeights } from '../onnx/import/expose-weights.ts';
import { fromSingle, toSingle } from '../onnx/import/single-precision.ts';
import type { OnnxModel, Tensor } from '../onnx/model.ts';
import { pack, unpack } from './parameter-layout.ts';
import type { TrainingGraph } from './training-graph.ts';

/**
 * What every vector of the training graph begins with, by input name: weights and running averages from the model,
 * moving averages from what they average, optimiser state zero. After a step each is replaced by the output
 * `next.<name>`.
 * @param model the one that the graph was made of, or one with the same weights
 * @throws SHAPE when the model lacks a weight of the graph, or has it in another size
 */
export function startingVectors(graph: TrainingGraph, model: OnnxModel): Map<string, Float32Array> {
  const { initializers } = exposeWeights(model).graph;
  const tensors = new Map([...initializers].map(([name, tensor]) => [name, toSingle(tensor)]));
  const contents: Readonly<Record<string, () => Float32Array>> = {
    parameters: () => pack(graph.parameters, tensors),
    average: () => pack(graph.parameters, tensors),
    statistics: () => pack(graph.statistics, tensors),
    averageStatistics: () => pack(graph.statistics, tensors),
  };
  const names = graph.model.graph.outputs.flatMap(({ name }) =>
    name.startsWith('next.') ? [name.slice('next.'.length)] : [],
  );
  const zero = (): Float32Array => new Float32Array(graph.parameters.length);
  return new Map(names.map((name) => [name, (contents[name] ?? zero)()]));
}

/**
 * The model with trained weights and running averages: their moving averages where the graph keeps them. Everything
 * else, names, element types and symbolic axes too, is as it was; but tensors that were stored once because their
 * values were equal are stored each for itself, and weights that were Constant nodes are initialisers.
 * @param model the one that the graph was made of
 * @param vectors by name: those of the last step, or `stepper.vectors()`
 * @throws SHAPE when a vector is not as long as the graph's
 */
export function trainedModel(
  model: OnnxModel,
  graph: TrainingGraph,
  vectors: ReadonlyMap<string, Float32Array | Tensor>,
): OnnxModel {
  const vector = (name: string): Float32Array | undefined => {
    const found = vectors.get(name);
    return found === undefined || found instanceof Float32Array ? found : (found.data as Float32Array);
  };
  const statistics = vector('averageStatistics') ?? vector('statistics');
  const trained = new Map([
    ...unpack(graph.parameters, (vector('average') ?? vector('parameters'))!),
    ...(statistics ? unpack(graph.statistics, statistics) : []),
  ]);
  const source = exposeWeights(model);
  const initializers = new Map(
    [...source.graph.initializers].map(([name, tensor]) => {
      const value = trained.get(name);
      return [name, value ? fromSingle(value, tensor.dtype) : tensor];
    }),
  );
  return { ...source, graph: { ...source.graph, initializers } };
}
