/**
 * A network: the concrete operator graph of one candidate, before it becomes ONNX. Plain JSON (this is `network.json`).
 *
 * Shapes are per image, without the batch axis: images are [channels, height, width], vectors are [features].
 * What an operator means (its shape, cost, memory, ONNX form) stands in the total rule tables of `rules/`.
 */

/** Vertical, horizontal. */
export type Pair = readonly [number, number];
/** Padding as ONNX orders it: top, left, bottom, right. */
export type Padding = readonly [number, number, number, number];

/** The names of {@link ActivationName}. */
export const ACTIVATIONS = [
  'relu',
  'relu6',
  'leakyRelu',
  'sigmoid',
  'tanh',
  'hardSigmoid',
  'hardSwish',
  'silu',
  'gelu',
] as const;
/**
 * A function of each element: `relu` max(x, 0); `relu6` min(max(x, 0), 6); `leakyRelu` of slope 0.01 below 0;
 * `sigmoid` 1/(1 + e⁻ˣ); `tanh`; `hardSigmoid` min(max(x/6 + ½, 0), 1); `hardSwish` x·hardSigmoid(x) (Howard et al.
 * 2019); `silu` x·sigmoid(x); `gelu` x·Φ(x), exact (Hendrycks and Gimpel 2016).
 */
export type ActivationName = (typeof ACTIVATIONS)[number];

/**
 * What a node computes. Sizes are in pixels, [vertical, horizontal]; channels, features and pixels are whole numbers, and
 * strides, kernels and dilations at least 1.
 */
export type Operator =
  | {
      readonly kind: 'conv';
      /** A multiple of `groups`. */
      readonly outChannels: number;
      /** Size of the window. */
      readonly kernel: Pair;
      /** Step of the window. */
      readonly stride: Pair;
      /** Zeros around the image, ≥ 0. */
      readonly padding: Padding;
      /** Distance of the window's taps; 1 for none between them. */
      readonly dilation: Pair;
      /** Parts of the channels that are convolved apart; divides the input channels. */
      readonly groups: number;
      /** Whether it has a weight `<id>.bias` for each output channel. */
      readonly bias: boolean;
    }
  | {
      readonly kind: 'linear';
      /** Length of the output vector. */
      readonly outFeatures: number;
      /** Whether it has a weight `<id>.bias` for each output. */
      readonly bias: boolean;
    }
  /** Ioffe and Szegedy 2015. */
  | {
      readonly kind: 'batchNorm';
      /** Added to the variance, > 0. */
      readonly epsilon: number;
      /** How much of the running averages stays in a step, 0..1 (ONNX's sense; PyTorch's is one minus it). */
      readonly momentum: number;
    }
  | {
      readonly kind: 'activation';
      /** Which function. */
      readonly name: ActivationName;
    }
  | {
      /** The average does not count padding. */
      readonly kind: 'maxPool' | 'averagePool';
      /** Size of the window. */
      readonly kernel: Pair;
      /** Step of the window. */
      readonly stride: Pair;
      /** Pixels around the image, ≥ 0; sizes are rounded down. */
      readonly padding: Padding;
    }
  /** [C, H, W] to [C, 1, 1]. */
  | { readonly kind: 'globalAveragePool' }
  /** To a vector, row-major. */
  | { readonly kind: 'flatten' }
  /** One or more inputs of equal shape. */
  | { readonly kind: 'add' }
  /** Elementwise with broadcasting of [C, 1, 1] over [C, H, W] (squeeze-excite). */
  | { readonly kind: 'multiply' }
  /** Along channels (images) or features (vectors). */
  | { readonly kind: 'concat' }
  /** A box of the input, along all axes of one image. */
  | {
      readonly kind: 'slice';
      /** First element of every axis, from 0. */
      readonly start: readonly number[];
      /** Length along every axis, ≥ 1. */
      readonly size: readonly number[];
    }
  /** Zero of the size that a convolution of this stride has (NAS-Bench-201's `none`). */
  | {
      readonly kind: 'zero';
      /** What height and width are divided by, rounded up. */
      readonly stride: Pair;
    }
  /** Spatial resize to a fixed height and width; the input image may be scaled by it too. */
  | {
      readonly kind: 'resize';
      /** Height and width of the output. */
      readonly size: Pair;
      /** Half-pixel centres where bilinear, the pixel above and to the left where nearest: as PyTorch's `interpolate`. */
      readonly mode: 'nearest' | 'bilinear';
    }
  /** Active in training only (Srivastava et al. 2014). */
  | {
      readonly kind: 'dropout';
      /** Share of the elements that become 0, from 0 to below 1; the others are divided by 1 − rate. */
      readonly rate: number;
    }
  /** Drops the whole residual branch of an image; active in training only (Huang et al. 2016). */
  | {
      readonly kind: 'stochasticDepth';
      /** Probability of it, from 0 to below 1; a branch that stays is divided by 1 − rate. */
      readonly rate: number;
    };

export type OperatorKind = Operator['kind'];

/** One layer. */
export interface NetworkNode {
  /** Unique, readable, dotted by place: `stage2.block1.depthwise`. Weights are named `<id>.weight`, `<id>.bias`, … */
  readonly id: string;
  /** What it computes. Equal layers may share the object. */
  readonly operator: Operator;
  /** Ids of nodes or of network inputs. */
  readonly inputs: readonly string[];
}

/** Where images come in. */
export interface NetworkInput {
  /** `input` in networks of a builder. */
  readonly id: string;
  /** For one image, without the batch. */
  readonly shape: readonly number[];
}

/**
 * A network as a typed operator graph, for any batch size; ONNX is made of it, for training, inference and INT8.
 * Plain JSON, immutable.
 */
export interface Network {
  /** One in networks of a builder. */
  readonly inputs: readonly NetworkInput[];
  /** In topological order. */
  readonly nodes: readonly NetworkNode[];
  /** Ids of nodes; the first gives the logits. */
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
  /** Number of classes. */
  readonly outputs: number;
}
