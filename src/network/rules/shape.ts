/** Shape rules: what shape each operator makes of its inputs', per image. */
import { fail } from '../../errors.ts';
import {
  ACTIVATIONS,
  type Network,
  type Operator,
  type OperatorKind,
  type Padding,
  type Pair,
} from '../network.ts';
import { perNetwork } from '../per-network.ts';

type Shape = readonly number[];
type ShapeRule<K extends OperatorKind> = (
  operator: Extract<Operator, { kind: K }>,
  inputs: readonly Shape[],
) => Shape;

/** Why a rule has no output shape; {@link outputShape} makes it the error that names the layer and its input shapes. */
class Refusal extends Error {}
/** One function for all layers, because networks are built tens of thousands of times in a replay. */
function refuse(reason: string): never {
  throw new Refusal(reason);
}

function image(shape: Shape | undefined): readonly [number, number, number] {
  return shape?.length === 3
    ? [shape[0]!, shape[1]!, shape[2]!]
    : refuse('it takes an image [channels, height, width]');
}

/** Output size of a sliding window (ONNX Conv and pools, floor mode). */
interface Window {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Padding;
}
function slide(size: Pair, { kernel, stride, padding }: Window, dilation: Pair, axis: 0 | 1): number {
  whole(kernel[axis], 'the kernel size');
  whole(stride[axis], 'the stride');
  whole(dilation[axis], 'the dilation');
  for (const side of [padding[axis], padding[axis + 2]!])
    if (!Number.isInteger(side) || side < 0) refuse(`the padding is ${side}, not a whole number from 0`);
  const room = size[axis] + padding[axis] + padding[axis + 2]! - ((kernel[axis] - 1) * dilation[axis] + 1);
  if (room < 0) refuse(`a ${kernel.join('×')} window does not fit into ${size.join('×')}`);
  return Math.floor(room / stride[axis]) + 1;
}

/** Layer widths often come of arithmetic on a space's choices; a fraction must not reach the engine. */
function whole(value: number, what: string): number {
  return Number.isInteger(value) && value > 0
    ? value
    : refuse(`${what} is ${value}, not a positive whole number`);
}

const UNDILATED: Pair = [1, 1];
const same = (_: Operator, [x]: readonly Shape[]): Shape => x ?? refuse('it has no input');
const dropped = (
  o: Extract<Operator, { kind: 'dropout' | 'stochasticDepth' }>,
  inputs: readonly Shape[],
): Shape =>
  o.rate >= 0 && o.rate < 1 ? same(o, inputs) : refuse(`the rate is ${o.rate}, not from 0 to below 1`);
const pooled = (o: Extract<Operator, { kind: 'maxPool' | 'averagePool' }>, [x]: readonly Shape[]): Shape => {
  const [channels, ...size] = image(x);
  return [channels, slide(size, o, UNDILATED, 0), slide(size, o, UNDILATED, 1)];
};

const SHAPE_RULES: { readonly [K in OperatorKind]: ShapeRule<K> } = {
  conv: (o, [x]) => {
    const [channels, ...size] = image(x);
    whole(o.outChannels, 'the number of output channels');
    whole(o.groups, 'the number of groups');
    if (channels % o.groups !== 0) refuse(`${channels} input channels do not divide into ${o.groups} groups`);
    if (o.outChannels % o.groups !== 0)
      refuse(`${o.outChannels} output channels do not divide into ${o.groups} groups`);
    return [o.outChannels, slide(size, o, o.dilation, 0), slide(size, o, o.dilation, 1)];
  },
  linear: (o, [x]) =>
    x?.length === 1
      ? [whole(o.outFeatures, 'the number of outputs')]
      : refuse('it takes a vector; add a flatten before'),
  batchNorm: same,
  activation: (o, inputs) =>
    // Modules of users are run without being checked for types.
    ACTIVATIONS.includes(o.name)
      ? same(o, inputs)
      : refuse(`there is no activation "${o.name}"; there are ${ACTIVATIONS.join(', ')}`),
  maxPool: pooled,
  averagePool: pooled,
  globalAveragePool: (_, [x]) => [image(x)[0], 1, 1],
  flatten: (_, [x]) => [(x ?? refuse('it has no input')).reduce((a, b) => a * b, 1)],
  add: (_, inputs) => {
    const first = inputs[0] ?? refuse('it has no input');
    if (inputs.some((s) => s.join() !== first.join())) refuse('the shapes to add differ');
    return first;
  },
  multiply: (_, [a, b]) => {
    if (a === undefined || b === undefined || a.length !== b.length)
      return refuse('it takes two inputs of one rank');
    return a.map((d, i) => {
      const other = b[i]!;
      if (d !== other && d !== 1 && other !== 1) refuse('the shapes do not broadcast');
      return Math.max(d, other);
    });
  },
  concat: (_, inputs) => {
    const [first] = inputs;
    if (first === undefined) return refuse('it has no input');
    if (inputs.some((s) => s.slice(1).join() !== first.slice(1).join()))
      refuse('the shapes differ outside the first axis');
    return [inputs.reduce((sum, s) => sum + s[0]!, 0), ...first.slice(1)];
  },
  slice: (o, [x]) => {
    const given = x ?? refuse('it has no input');
    const inside = (size: number, i: number): boolean => {
      whole(size, 'the size of the slice');
      return Number.isInteger(o.start[i]) && o.start[i]! >= 0 && o.start[i]! + size <= given[i]!;
    };
    if (o.size.length !== given.length || o.start.length !== given.length || !o.size.every(inside))
      refuse(`it has no box of ${o.size.join('×')} at ${o.start.join(', ')}`);
    return o.size;
  },
  zero: (o, [x]) => {
    const [channels, height, width] = image(x);
    const strided = (side: number, i: 0 | 1): number => Math.ceil(side / whole(o.stride[i], 'the stride'));
    return [channels, strided(height, 0), strided(width, 1)];
  },
  resize: (o, [x]) => [image(x)[0], ...o.size.map((side) => whole(side, 'the size'))],
  dropout: dropped,
  stochasticDepth: dropped,
};

/** Shape of an operator's output. @throws SHAPE, naming the layer and its input shapes */
export function outputShape(operator: Operator, inputs: readonly Shape[], layer: string): Shape {
  const rule = SHAPE_RULES[operator.kind] as ShapeRule<OperatorKind>;
  try {
    return rule(operator as never, inputs);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const given = inputs.map((s) => `[${s.join(', ')}]`).join(' and ');
    return fail('SHAPE', {
      layer,
      operator: operator.kind,
      reason: `${error.message} (given ${given || 'nothing'})`,
    });
  }
}

/**
 * Shapes of all inputs and nodes of a network, by id.
 * @throws SHAPE when shapes do not fit, an id is taken twice, or an input or output does not exist
 */
export function networkShapes(network: Network): ReadonlyMap<string, Shape> {
  let shapes = known.get(network);
  if (shapes === undefined) {
    shapes = inferredShapes(network);
    known.set(network, shapes);
  }
  return shapes;
}

/** Networks are immutable, and cost, reduction and lowering all ask for the shapes of the same one. */
const known = perNetwork<ReadonlyMap<string, Shape>>('shapes');

/** Keeps the shapes of a network that was checked as it was built. */
export function rememberShapes(network: Network, shapes: ReadonlyMap<string, Shape>): void {
  known.set(network, shapes);
}

function inferredShapes(network: Network): ReadonlyMap<string, Shape> {
  const shapes = new Map<string, Shape>(network.inputs.map((i) => [i.id, i.shape]));
  for (const { id, operator, inputs } of network.nodes) {
    if (shapes.has(id))
      fail('SHAPE', { layer: id, operator: operator.kind, reason: 'another layer has the same id' });
    const given = inputs.map(
      (i) =>
        shapes.get(i) ??
        fail('SHAPE', { layer: id, operator: operator.kind, reason: `its input "${i}" does not exist` }),
    );
    shapes.set(id, outputShape(operator, given, id));
  }
  for (const output of network.outputs)
    if (!shapes.has(output))
      fail('SHAPE', { layer: output, operator: 'output', reason: 'there is no layer of this id' });
  return shapes;
}
