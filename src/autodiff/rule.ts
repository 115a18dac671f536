/**
 * A gradient rule: how the gradients of an operator's inputs follow from those of its outputs
 * (reverse-mode differentiation; Griewank & Walther 2008), written as further nodes of the graph.
 */
import type { OnnxNode } from '../onnx/model.ts';
import type { Arithmetic } from './arithmetic.ts';

export interface GradientContext {
  /** Emits nodes; `m.g` is the graph builder. */
  readonly m: Arithmetic;
  /** The forward node; its input and output names are values of the graph. */
  readonly node: OnnxNode;
  /** Gradient value of each output; null where no gradient flows back. At least one is present. */
  readonly gradients: readonly (string | null)[];
  /** Whether the gradient of an input is wanted at all. */
  needs(index: number): boolean;
  /** Static shape of a value. */
  shape(value: string): readonly number[];
  /** Gradient of output 0 (present for one-output operators). */
  readonly dy: string;
}

/** Returns the gradient of each input in order; null for inputs that have none or do not need one. */
export type GradientRule = (context: GradientContext) => readonly (string | null)[];
