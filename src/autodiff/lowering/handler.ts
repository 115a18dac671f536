/** What the blocked lowering of an operator is: a function that emits it on blocked values, or declines. */
import type { Attributes, OnnxNode } from '../../onnx/model.ts';
import type { Layouts } from './layouts.ts';

/** Emits the node on blocked values and records its outputs; false when it cannot. */
export type BlockedHandler = (l: Layouts, node: OnnxNode, fusion: Fusion) => boolean;

/** What may be computed in the same pass as the node's own output (see fusion.ts). */
export interface Fusion {
  /** Value to add to the output, in place of a following Add. */
  readonly sum: string | null;
  /** Attributes of the kernel for the activation in place of a following one; empty for none. */
  readonly activation: Attributes;
  /** Whether the node's first input is read by others later, so that it cannot be written over. */
  readonly keepsInput: boolean;
  /** Whether all readers of the output take a factor for each channel apart from it (see channel-factor.ts). */
  readonly factorApart: boolean;
  /** The value that the fused result stands for. */
  readonly output: string;
}
