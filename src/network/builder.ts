/**
 * Builds a network layer by layer. Every method takes node ids and returns the id of the new node; shapes are checked as
 * the layer is added, so that an error names it.
 */
import { fail } from '../errors.ts';
import type { ActivationName, Network, NetworkNode, Operator, Padding, Pair } from './network.ts';
import { outputShape, rememberShapes } from './rules/shape.ts';
import { sharedOperator } from './shared-operator.ts';

/** One number for both, or [vertical, horizontal]. */
type Size = number | Pair;

/** What every layer may be called. */
interface Named {
  /** Name of the node, behind those of its scopes; made unique by a number. The layer's kind by default. */
  readonly id?: string;
}

/** Of {@link NetworkBuilder.conv}. */
export interface ConvOptions extends Named {
  /** Output channels, a multiple of `groups`. */
  readonly out: number;
  /** Size of the window in pixels. */
  readonly kernel: Size;
  /** Step of the window; 1 by default. */
  readonly stride?: Size;
  /** Parts of the channels that are convolved apart; 1 by default. */
  readonly groups?: number;
  /** Distance of the window's taps; 1 by default. */
  readonly dilation?: Size;
  /** Whether it has one for each output channel; false by default (a batch norm follows). */
  readonly bias?: boolean;
  /** By default what keeps the size at stride 1; of an even kernel the end gets the odd pixel. */
  readonly padding?: Padding;
}

/** Of {@link NetworkBuilder.maxPool} and {@link NetworkBuilder.averagePool}. */
export interface PoolOptions extends Named {
  /** Size of the window in pixels. */
  readonly kernel: Size;
  /** Step of the window; the kernel's size by default. */
  readonly stride?: Size;
  /** None by default. */
  readonly padding?: Padding;
}

/** Of {@link NetworkBuilder.linear}. */
interface LinearOptions extends Named {
  /** Length of the output vector. */
  readonly out: number;
  /** Whether it has one for each output; true by default. */
  readonly bias?: boolean;
}

/** Of {@link NetworkBuilder.slice}. */
interface SliceOptions extends Named {
  /** First element of every axis, from 0; 0 by default. */
  readonly start?: readonly number[];
  /** Length along every axis of one image. */
  readonly size: readonly number[];
}

/** Of {@link NetworkBuilder.zero}. */
interface ZeroOptions extends Named {
  /** What height and width are divided by, rounded up; 1 by default. */
  readonly stride?: Size;
}

/** Of {@link NetworkBuilder.resize}. */
interface ResizeOptions extends Named {
  /** Height and width of the output in pixels. */
  readonly size: Pair;
  /** `bilinear` by default. */
  readonly mode?: 'nearest' | 'bilinear';
}

/** Of {@link NetworkBuilder.scope}. */
interface ScopeOptions {
  /** Whether the nodes stay in float in a model of 8 bits; false by default. */
  readonly float?: boolean;
}

/**
 * Builds a {@link Network} node by node: each function adds a layer and gives its id. Shapes are per image
 * ([channels, height, width] or [features]) and checked at once.
 * @throws SHAPE with the layer and its inputs' shapes where they do not fit, a size is no whole number, or a rate is
 *   out of range
 */
export interface NetworkBuilder {
  /** Id of the network's input. */
  readonly input: string;
  /** Convolution of an image. */
  conv(x: string, options: ConvOptions): string;
  /** Batch normalisation (Ioffe and Szegedy 2015); epsilon 1e-5, of the running averages 0.9 stays in a step. */
  batchNorm(x: string, options?: Named): string;
  /** A function of each element. */
  activation(x: string, name: ActivationName, options?: Named): string;
  /** Maximum of each window; sizes are rounded down. */
  maxPool(x: string, options: PoolOptions): string;
  /** Mean of each window, in which padding is not counted; sizes are rounded down. */
  averagePool(x: string, options: PoolOptions): string;
  /** [C, H, W] to [C, 1, 1]. */
  globalAveragePool(x: string, options?: Named): string;
  /** To a vector, row-major. */
  flatten(x: string, options?: Named): string;
  /** Product of a vector with a matrix [out, in]. */
  linear(x: string, options: LinearOptions): string;
  /** Sum of one or more values of equal shape. */
  add(inputs: readonly string[], options?: Named): string;
  /** Elementwise product; axes of length 1 are broadcast. */
  multiply(a: string, b: string, options?: Named): string;
  /** One behind the other along channels (images) or features (vectors). */
  concat(inputs: readonly string[], options?: Named): string;
  /** The box of `size` that begins at `start`. */
  slice(x: string, options: SliceOptions): string;
  /** Zero, as NAS-Bench-201's `none`; left out of the ONNX model where it is added to something. */
  zero(x: string, options?: ZeroOptions): string;
  /** Height and width to a fixed size, as PyTorch's `interpolate` without aligned corners. */
  resize(x: string, options: ResizeOptions): string;
  /**
   * In training, elements become 0 with probability `rate` (0 to below 1) and are divided by 1 − rate else
   * (Srivastava et al. 2014).
   */
  dropout(x: string, rate: number, options?: Named): string;
  /**
   * In training, the whole value of an image becomes 0 with probability `rate` (0 to below 1) and is divided by 1 −
   * rate else (Huang et al. 2016).
   */
  stochasticDepth(x: string, rate: number, options?: Named): string;
  /** Shape of a node's value for one image. */
  shape(id: string): readonly number[];
  /** First axis of that shape. */
  channels(id: string): number;
  /** Puts `name.` before the ids of all nodes that `body` adds; gives what `body` gives. */
  scope<T>(name: string, body: () => T, options?: ScopeOptions): T;
  /**
   * The network so far.
   * @param outputs ids of the nodes whose values the network returns; the first is the logits
   */
  build(outputs: readonly string[]): Network;
}

const pair = (size: Size): Pair => (typeof size === 'number' ? [size, size] : size);

function samePadding(kernel: Pair, dilation: Pair): Padding {
  const total = kernel.map((k, i) => dilation[i]! * (k - 1)) as [number, number];
  const before = total.map((t) => Math.floor(t / 2)) as [number, number];
  return [before[0], before[1], total[0] - before[0], total[1] - before[1]];
}

/**
 * A builder of networks with one input.
 * @param inputShape of one image, [channels, height, width], or vector, [features]
 */
export function networkBuilder(inputShape: readonly number[]): NetworkBuilder {
  const input = 'input';
  const shapes = new Map<string, readonly number[]>([[input, inputShape]]);
  const nodes: NetworkNode[] = [];
  const float: string[] = [];
  /** `stage1.block0.` within two scopes. */
  let prefix = '';

  const shape = (id: string): readonly number[] =>
    shapes.get(id) ??
    fail('SHAPE', { layer: id, operator: 'node', reason: 'there is no node of this name before' });

  /** `stage1.conv`, or `stage1.conv2` when that is taken. */
  const freeId = (wanted: string): string => {
    const base = prefix + wanted;
    let id = base;
    for (let i = 2; shapes.has(id); i++) id = `${base}${i}`;
    return id;
  };
  const push = (
    operator: Operator,
    inputs: readonly string[],
    options: Named | undefined,
    fallback: string,
  ): string => {
    const id = freeId(options?.id ?? fallback);
    shapes.set(id, outputShape(operator, inputs.map(shape), id));
    nodes.push({ id, operator: sharedOperator(operator), inputs });
    return id;
  };
  const pool = (kind: 'maxPool' | 'averagePool', x: string, options: PoolOptions): string => {
    const kernel = pair(options.kernel);
    const stride = pair(options.stride ?? options.kernel);
    return push({ kind, kernel, stride, padding: options.padding ?? [0, 0, 0, 0] }, [x], options, kind);
  };

  return {
    input,
    shape,
    channels: (id) => shape(id)[0]!,
    conv(x, options) {
      const kernel = pair(options.kernel);
      const dilation = pair(options.dilation ?? 1);
      const operator: Operator = {
        kind: 'conv',
        outChannels: options.out,
        kernel,
        stride: pair(options.stride ?? 1),
        padding: options.padding ?? samePadding(kernel, dilation),
        dilation,
        groups: options.groups ?? 1,
        bias: options.bias ?? false,
      };
      return push(operator, [x], options, 'conv');
    },
    batchNorm: (x, options) =>
      push({ kind: 'batchNorm', epsilon: 1e-5, momentum: 0.9 }, [x], options, 'norm'),
    activation: (x, name, options) => push({ kind: 'activation', name }, [x], options, name),
    maxPool: (x, options) => pool('maxPool', x, options),
    averagePool: (x, options) => pool('averagePool', x, options),
    globalAveragePool: (x, options) => push({ kind: 'globalAveragePool' }, [x], options, 'globalPool'),
    flatten: (x, options) => push({ kind: 'flatten' }, [x], options, 'flatten'),
    linear: (x, options) =>
      push({ kind: 'linear', outFeatures: options.out, bias: options.bias ?? true }, [x], options, 'linear'),
    add: (inputs, options) => push({ kind: 'add' }, inputs, options, 'add'),
    multiply: (a, b, options) => push({ kind: 'multiply' }, [a, b], options, 'multiply'),
    concat: (inputs, options) => push({ kind: 'concat' }, inputs, options, 'concat'),
    slice(x, { start, size, id }) {
      const operator: Operator = { kind: 'slice', start: start ?? size.map(() => 0), size };
      return push(operator, [x], id === undefined ? undefined : { id }, 'slice');
    },
    zero: (x, options) => push({ kind: 'zero', stride: pair(options?.stride ?? 1) }, [x], options, 'zero'),
    resize: (x, options) =>
      push({ kind: 'resize', size: options.size, mode: options.mode ?? 'bilinear' }, [x], options, 'resize'),
    dropout: (x, rate, options) => push({ kind: 'dropout', rate }, [x], options, 'dropout'),
    stochasticDepth: (x, rate, options) =>
      push({ kind: 'stochasticDepth', rate }, [x], options, 'stochasticDepth'),
    scope(name, body, options) {
      const outer = prefix;
      if (options?.float) float.push(outer + name);
      prefix += `${name}.`;
      try {
        return body();
      } finally {
        prefix = outer;
      }
    },
    build(outputs) {
      for (const output of outputs) shape(output);
      const network: Network = {
        inputs: [{ id: input, shape: inputShape }],
        nodes: [...nodes],
        outputs,
        ...(float.length > 0 && { float: [...float] }),
      };
      rememberShapes(network, new Map(shapes));
      return network;
    },
  };
}
