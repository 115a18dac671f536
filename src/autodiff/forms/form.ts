/** What the training form of an operator is written in. */
import type { GraphBuilder } from '../../onnx/graph-builder.ts';
import type { OnnxNode } from '../../onnx/model.ts';
import type { Arithmetic } from '../arithmetic.ts';

/** Batch statistics that update a pair of running averages. */
export interface RunningStatistic {
  /** Names of the running mean and variance among the model's initialisers. */
  readonly meanName: string;
  readonly varianceName: string;
  readonly mean: string;
  readonly variance: string;
  /** How much of the old average stays, 0..1 (ONNX `momentum`). */
  readonly momentum: number;
  /** Elements per channel in a batch. */
  readonly count: number;
}

/** A uniform random input of the training graph: one number in [0, 1) for each element, new every step. */
export interface NoiseInput {
  /** `noise.` and the name of the dropout node. */
  readonly name: string;
  /** That of the value that is dropped from. */
  readonly shape: readonly number[];
}

export interface ForwardContext {
  readonly m: Arithmetic;
  /** Whether a running mean (by name), and the variance beside it, stay as they are and normalise in place of the batch. */
  readonly frozenStatistics?: (meanName: string) => boolean;
  readonly statistics: RunningStatistic[];
  readonly noise: NoiseInput[];
}

/** Emits the node in its training form, under its own output name. */
export type Form = (c: ForwardContext, node: OnnxNode) => void;

/** Gives a value the name of the node's output, so that the nodes after it find it. */
export function alias(g: GraphBuilder, value: string, node: OnnxNode): void {
  g.node('Identity', [value], { outputs: [node.outputs[0]!], name: `${node.name}/output` });
}

/** A form that computes one value. */
export const composite =
  (compute: (m: Arithmetic, node: OnnxNode, inputs: readonly string[]) => string): Form =>
  ({ m }, node) =>
    alias(m.g, compute(m, node, node.inputs), node);
