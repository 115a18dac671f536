/**
 * Builds a network layer by layer. Every method takes node ids and returns the id of the new node; shapes are checked as
 * the layer is added, so that an error names it.
 */
import { fail } from '../errors.ts';
import type { ActivationName, Network, NetworkNode, Operator, Padding, Pair } from './network.ts';
import { outputShape, rememberShapes } from './rules/shape.ts';

type Size = number | Pair;

interface Named {
  readonly id?: string;
}

export interface ConvOptions extends Named {
  readonly out: number;
  readonly kernel: Size;
  readonly stride?: Size;
  readonly groups?: number;
  readonly dilation?: Size;
  readonly bias?: boolean;
  /** 'Same' at stride 1 by default. */
  readonly padding?: Padding;
}

export interface PoolOptions extends Named {
  readonly kernel: Size;
  /** The kernel's size by default. */
  readonly stride?: Size;
  readonly padding?: Padding;
}

/**
 * Builds a {@link Network} node by node: each function adds a layer and gives its id. Shapes are checked at once.
 * @throws SHAPE with the layer and both shapes where they do not fit
 */
export interface NetworkBuilder {
  /** Id of the network's input. */
  readonly input: string;
  conv(x: string, options: ConvOptions): string;
  batchNorm(x: string, options?: Named): string;
  activation(x: string, name: ActivationName, options?: Named): string;
  maxPool(x: string, options: PoolOptions): string;
  /** Padding is not counted in the average. */
  averagePool(x: string, options: PoolOptions): string;
  globalAveragePool(x: string, options?: Named): string;
  flatten(x: string, options?: Named): string;
  linear(x: string, options: Named & { readonly out: number; readonly bias?: boolean }): string;
  add(inputs: readonly string[], options?: Named): string;
  multiply(a: string, b: string, options?: Named): string;
  concat(inputs: readonly string[], options?: Named): string;
  /** The box of `size` that begins at `start`, by default at the first element of every axis. */
  slice(
    x: string,
    options: Named & { readonly start?: readonly number[]; readonly size: readonly number[] },
  ): string;
  zero(x: string, options?: Named & { readonly stride?: Size }): string;
  resize(x: string, options: Named & { readonly size: Pair; readonly mode?: 'nearest' | 'bilinear' }): string;
  dropout(x: string, rate: number, options?: Named): string;
  stochasticDepth(x: string, rate: number, options?: Named): string;
  /** Shape for one image. */
  shape(id: string): readonly number[];
  channels(id: string): number;
  /** Puts `name.` before the ids of all nodes that `body` adds. `float`: they stay in float in a model of 8 bits. */
  scope<T>(name: string, body: () => T, options?: { readonly float?: boolean }): T;
  /** @param outputs ids of the nodes whose values the network returns; the first is the logits */
  build(outputs: readonly string[]): Network;
}

/** Equal layers, also of different networks, share one operator, so that what is derived from operators is derived once. */
const operators = new Map<string, Operator>();
const MOST_OPERATORS = 20_000;

function interned(operator: Operator): Operator {
  // The attributes of a kind have a fixed order and fixed lengths.
  const key = Object.values(operator).join();
  const found = operators.get(key);
  if (found !== undefined) return found;
  // Rates may take any value.
  if (operators.size >= MOST_OPERATORS) operators.clear();
  operators.set(key, operator);
  return operator;
}

const pair = (size: Size): Pair => (typeof size === 'number' ? [size, size] : size);

function samePadding(kernel: Pair, dilation: Pair): Padding {
  const total = kernel.map((k, i) => dilation[i]! * (k - 1)) as [number, number];
  const before = total.map((t) => Math.floor(t / 2)) as [number, number];
  return [before[0], before[1], total[0] - before[0], total[1] - before[1]];
}

/** @param inputShape shape of one input, e.g. [channels, height, width] */
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
    nodes.push({ id, operator: interned(operator), inputs });
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
