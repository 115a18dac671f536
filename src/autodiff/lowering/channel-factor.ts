/**
 * A factor for each channel of a gradient, given to weights in place of an image.
 *
 * The gradient of batch norm is a·(dY + k·X + k₂). The bracket is one pass over memory, with its factor they are two; but
 * a convolution's gradients are linear in it: the input gradient takes a into the weights, the weight gradient is
 * multiplied by it afterwards.
 */
import type { OnnxNode } from '../../onnx/model.ts';
import { staticShape } from '../arithmetic.ts';
import type { Layouts } from './layouts.ts';

/** Images must have so many times the elements of the weights for it to pay. */
const LEAST_RATIO = 2;

/** Where dY stands among the inputs of an operator that takes its factor apart. */
const GRADIENT_PLACE: Readonly<Record<string, number>> = { ConvInputGradient: 0, ConvWeightGradient: 1 };

const size = (shape: readonly number[]): number => shape.reduce((product, d) => product * d, 1);

/** Whether all readers of a node's first output take a factor apart from it, and that costs less than multiplying it. */
export function takeFactorApart(
  node: OnnxNode,
  readers: readonly OnnxNode[],
  shapeOf: (value: string) => readonly number[],
): boolean {
  const value = node.outputs[0]!;
  return (
    node.op === 'BatchNormGradient' &&
    readers.length > 0 &&
    readers.every((reader) => {
      const weights = reader.op === 'ConvInputGradient' ? reader.inputs[1]! : reader.outputs[0]!;
      return (
        reader.inputs.every((input, i) => (input === value) === (i === GRADIENT_PLACE[reader.op])) &&
        size(shapeOf(value)) >= LEAST_RATIO * size(shapeOf(weights))
      );
    })
  );
}

/** A factor for each output channel times weights [O, …]. */
function timesFactor(l: Layouts, weights: string, factor: string): string {
  const shape = staticShape(l.m.g.shape(weights));
  const own = l.trimVector(factor, shape[0]!);
  return l.m.mul(weights, l.m.reshape(own, [shape[0]!, ...shape.slice(1).map(() => 1)]));
}

/** dY and W of an input gradient; where dY has a factor that stands apart, without it, and W with it. */
export function factorIntoWeights(l: Layouts, node: OnnxNode): readonly [dy: string, w: string] {
  const [dy, w] = node.inputs as [string, string];
  const apart = l.factored(dy);
  if (apart === null) return [dy, w];
  const scaled = l.like(w);
  l.setPlain(scaled, timesFactor(l, l.plain(w), apart.factor));
  return [apart.value, scaled];
}

/** dY of a weight gradient, without a factor that stands apart, and what gives the result that factor. */
export function factorOntoWeights(
  l: Layouts,
  dy: string,
): { readonly dy: string; readonly finish: (weights: string) => string } {
  const apart = l.factored(dy);
  return apart === null
    ? { dy, finish: (weights) => weights }
    : { dy: apart.value, finish: (weights) => timesFactor(l, weights, apart.factor) };
}
