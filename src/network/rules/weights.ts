/** Weight rules: which tensors each operator owns, their shapes and how they begin. */
import type { Operator, OperatorKind } from '../network.ts';

/**
 * How a weight begins: He et al. 2015 for layers before rectifiers (normal, variance 2/fan-in), uniform ±1/√fan-in for
 * the classifier (PyTorch's default), or a constant.
 */
export type Initialisation =
  | { readonly kind: 'he'; readonly fanIn: number }
  | { readonly kind: 'uniform'; readonly bound: number }
  | { readonly kind: 'constant'; readonly value: number };

export interface WeightSpec {
  /** Appended to the node's id: `weight`, `bias`, `mean`, `variance`. */
  readonly suffix: string;
  readonly shape: readonly number[];
  readonly initialisation: Initialisation;
  /** False for running averages, which are not parameters. */
  readonly trainable: boolean;
}

type WeightRule<K extends OperatorKind> = (
  operator: Extract<Operator, { kind: K }>,
  input: readonly number[],
) => readonly WeightSpec[];

const none = (): readonly WeightSpec[] => [];
const constant = (suffix: string, length: number, value: number, trainable: boolean): WeightSpec => ({
  suffix,
  shape: [length],
  initialisation: { kind: 'constant', value },
  trainable,
});

const WEIGHT_RULES: { readonly [K in OperatorKind]: WeightRule<K> } = {
  conv: (o, [channels]) => {
    const shape = [o.outChannels, channels! / o.groups, ...o.kernel];
    const fanIn = shape[1]! * o.kernel[0] * o.kernel[1];
    const weight: WeightSpec = {
      suffix: 'weight',
      shape,
      initialisation: { kind: 'he', fanIn },
      trainable: true,
    };
    return o.bias ? [weight, constant('bias', o.outChannels, 0, true)] : [weight];
  },
  linear: (o, [features]) => {
    const bound = 1 / Math.sqrt(features!);
    const shape = [o.outFeatures, features!];
    const weight: WeightSpec = {
      suffix: 'weight',
      shape,
      initialisation: { kind: 'uniform', bound },
      trainable: true,
    };
    return o.bias ? [weight, constant('bias', o.outFeatures, 0, true)] : [weight];
  },
  batchNorm: (_, [channels]) => [
    constant('weight', channels!, 1, true),
    constant('bias', channels!, 0, true),
    constant('mean', channels!, 0, false),
    constant('variance', channels!, 1, false),
  ],
  activation: none,
  maxPool: none,
  averagePool: none,
  globalAveragePool: none,
  flatten: none,
  add: none,
  multiply: none,
  concat: none,
  slice: none,
  zero: none,
  resize: none,
  dropout: none,
  stochasticDepth: none,
};

/** @param input shape of the operator's first input, per image */
export function weightSpecs(operator: Operator, input: readonly number[]): readonly WeightSpec[] {
  return (WEIGHT_RULES[operator.kind] as WeightRule<OperatorKind>)(operator as never, input);
}
