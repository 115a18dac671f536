/** Cost rules: multiply-accumulate operations of each operator for one image. */
import type { Operator, OperatorKind } from '../network.ts';

type Shape = readonly number[];
type MacRule<K extends OperatorKind> = (
  operator: Extract<Operator, { kind: K }>,
  input: Shape,
  output: Shape,
) => number;

/** Elementwise work, norms (folded into convolutions) and pools do not multiply matrices: by convention they cost none. */
const none = (): number => 0;
const product = (shape: Shape): number => shape.reduce((a, b) => a * b, 1);

const MAC_RULES: { readonly [K in OperatorKind]: MacRule<K> } = {
  conv: (o, [channels], output) => product(output) * (channels! / o.groups) * o.kernel[0] * o.kernel[1],
  linear: (o, [features]) => o.outFeatures * features!,
  batchNorm: none,
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

/** @param input shape of the first input; @param output shape of the output, per image */
export function macs(operator: Operator, input: Shape, output: Shape): number {
  return (MAC_RULES[operator.kind] as MacRule<OperatorKind>)(operator as never, input, output);
}
