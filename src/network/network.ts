/**
 * A network: the concrete operator graph of one candidate, before it becomes ONNX. Plain JSON (this is `network.json`).
 *
 * Shapes are per image, without the batch axis: images are [channels, height, width], vectors are [features].
 * What an operator means (its shape, cost, memory, ONNX form) stands in the total rule tables of `rules/`.
 */

export type Pair = readonly [number, number];
/** Padding as ONNX orders it: top, left, bottom, right. */
export type Padding = readonly [number, number, number, number];

export type ActivationName =
  | 'relu'
  | 'relu6'
  | 'leakyRelu'
  | 'sigmoid'
  | 'tanh'
  | 'hardSigmoid'
  | 'hardSwish'
  | 'silu'
  | 'gelu';

export type Operator =
  | {
      readonly kind: 'conv';
      readonly outChannels: number;
      readonly kernel: Pair;
      readonly stride: Pair;
      readonly padding: Padding;
      readonly dilation: Pair;
      readonly groups: number;
      readonly bias: boolean;
    }
  | { readonly kind: 'linear'; readonly outFeatures: number; readonly bias: boolean }
  | { readonly kind: 'batchNorm'; readonly epsilon: number; readonly momentum: number }
  | { readonly kind: 'activation'; readonly name: ActivationName }
  | {
      readonly kind: 'maxPool' | 'averagePool';
      readonly kernel: Pair;
      readonly stride: Pair;
      readonly padding: Padding;
    }
  | { readonly kind: 'globalAveragePool' }
  | { readonly kind: 'flatten' }
  /** Two or more inputs of equal shape. */
  | { readonly kind: 'add' }
  /** Elementwise with broadcasting of [C,1,1] over [C,H,W] (squeeze-excite). */
  | { readonly kind: 'multiply' }
  /** Along channels (images) or features (vectors). */
  | { readonly kind: 'concat' }
  /** The box of the input that begins at `start` and has `size`, both along all axes of one image. */
  | { readonly kind: 'slice'; readonly start: readonly number[]; readonly size: readonly number[] }
  /** Constant zero of the given stride (NAS-Bench-201 `none`). */
  | { readonly kind: 'zero'; readonly stride: Pair }
  /** Spatial resize to a fixed height and width; the input image may be scaled by it too. */
  | { readonly kind: 'resize'; readonly size: Pair; readonly mode: 'nearest' | 'bilinear' }
  /** Active in training only. */
  | { readonly kind: 'dropout'; readonly rate: number }
  /** Drops the whole residual branch of an image with probability `rate`; training only (Huang et al. 2016). */
  | { readonly kind: 'stochasticDepth'; readonly rate: number };

export type OperatorKind = Operator['kind'];

export interface NetworkNode {
  /** Unique, readable, dotted by place: `stage2.block1.depthwise`. Weights are named `<id>.weight`, `<id>.bias`, … */
  readonly id: string;
  readonly operator: Operator;
  /** Ids of nodes or of network inputs. */
  readonly inputs: readonly string[];
}

export interface NetworkInput {
  readonly id: string;
  readonly shape: readonly number[];
}

/** A network as a typed operator graph, for any batch size; ONNX is made of it, for training, inference and INT8. */
export interface Network {
  readonly inputs: readonly NetworkInput[];
  /** In topological order. */
  readonly nodes: readonly NetworkNode[];
  readonly outputs: readonly string[];
  /** Scopes (`stage2`) that stay in float where the network is brought to 8-bit integers; none when absent. */
  readonly float?: readonly string[];
}

/**
 * What a space must know of the task to build a network: the input's shape and the number of outputs (classes).
 */
export interface NetworkIO {
  /** [channels, height, width] of the decoded images. */
  readonly inputShape: readonly [number, number, number];
  readonly outputs: number;
}
