/** Shape rules: what shape each operator makes of its inputs', per image. */
import { fail } from '../../errors.ts';
import type { Network, Operator, OperatorKind, Padding, Pair } from '../network.ts';

type Shape = readonly number[];
type ShapeRule<K extends OperatorKind> = (
  operator: Extract<Operator, { kind: K }>,
  inputs: readonly Shape[],
  refuse: Refuse,
) => Shape;
/** Throws the error that names the layer and its input shapes. */
type Refuse = (reason: string) => never;

function image(shape: Shape | undefined, refuse: Refuse): readonly [number, number, number] {
  return shape?.length === 3
    ? [shape[0]!, shape[1]!, shape[2]!]
    : refuse('it takes an image [channels, height, width]');
}

/** Output size of a sliding window (ONNX Conv and pools, floor mode). */
function slide(
  size: Pair,
  kernel: Pair,
  stride: Pair,
  padding: Padding,
  dilation: Pair,
  refuse: Refuse,
): Pair {
  const along = (i: 0 | 1): number => {
    whole(kernel[i], 'the kernel size', refuse);
    whole(stride[i], 'the stride', refuse);
    whole(dilation[i], 'the dilation', refuse);
    const room = size[i] + padding[i]! + padding[i + 2]! - ((kernel[i] - 1) * dilation[i] + 1);
    if (room < 0) refuse(`a ${kernel.join('×')} window does not fit into ${size.join('×')}`);
    return Math.floor(room / stride[i]) + 1;
  };
  return [along(0), along(1)];
}

/** Layer widths often come of arithmetic on a space's choices; a fraction must not reach the engine. */
function whole(value: number, what: string, refuse: Refuse): number {
  return Number.isInteger(value) && value > 0
    ? value
    : refuse(`${what} is ${value}, not a positive whole number`);
}

const same = (_: Operator, [x]: readonly Shape[], refuse: Refuse): Shape => x ?? refuse('it has no input');
const pooled = (
  o: Extract<Operator, { kind: 'maxPool' | 'averagePool' }>,
  [x]: readonly Shape[],
  refuse: Refuse,
): Shape => {
  const [channels, height, width] = image(x, refuse);
  return [channels, ...slide([height, width], o.kernel, o.stride, o.padding, [1, 1], refuse)];
};

const SHAPE_RULES: { readonly [K in OperatorKind]: ShapeRule<K> } = {
  conv: (o, [x], refuse) => {
    const [channels, height, width] = image(x, refuse);
    whole(o.outChannels, 'the number of output channels', refuse);
    whole(o.groups, 'the number of groups', refuse);
    if (channels % o.groups !== 0) refuse(`${channels} input channels do not divide into ${o.groups} groups`);
    if (o.outChannels % o.groups !== 0)
      refuse(`${o.outChannels} output channels do not divide into ${o.groups} groups`);
    return [o.outChannels, ...slide([height, width], o.kernel, o.stride, o.padding, o.dilation, refuse)];
  },
  linear: (o, [x], refuse) =>
    x?.length === 1
      ? [whole(o.outFeatures, 'the number of outputs', refuse)]
      : refuse('it takes a vector; add a flatten before'),
  batchNorm: same,
  activation: same,
  maxPool: pooled,
  averagePool: pooled,
  globalAveragePool: (_, [x], refuse) => [image(x, refuse)[0], 1, 1],
  flatten: (_, [x], refuse) => [(x ?? refuse('it has no input')).reduce((a, b) => a * b, 1)],
  add: (_, inputs, refuse) => {
    const first = inputs[0] ?? refuse('it has no input');
    if (inputs.some((s) => s.join() !== first.join())) refuse('the shapes to add differ');
    return first;
  },
  multiply: (_, [a, b], refuse) => {
    if (a === undefined || b === undefined || a.length !== b.length)
      return refuse('it takes two inputs of one rank');
    return a.map((d, i) => {
      const other = b[i]!;
      if (d !== other && d !== 1 && other !== 1) refuse('the shapes do not broadcast');
      return Math.max(d, other);
    });
  },
  concat: (_, inputs, refuse) => {
    const [first] = inputs;
    if (first === undefined) return refuse('it has no input');
    if (inputs.some((s) => s.slice(1).join() !== first.slice(1).join()))
      refuse('the shapes differ outside the first axis');
    return [inputs.reduce((sum, s) => sum + s[0]!, 0), ...first.slice(1)];
  },
  slice: (o, [x], refuse) => {
    const given = x ?? refuse('it has no input');
    const inside = (size: number, i: number): boolean => {
      whole(size, 'the size of the slice', refuse);
      return Number.isInteger(o.start[i]) && o.start[i]! >= 0 && o.start[i]! + size <= given[i]!;
    };
    if (o.size.length !== given.length || o.start.length !== given.length || !o.size.every(inside))
      refuse(`it has no box of ${o.size.join('×')} at ${o.start.join(', ')}`);
    return o.size;
  },
  zero: (o, [x], refuse) => {
    const [channels, height, width] = image(x, refuse);
    return [channels, Math.ceil(height / o.stride[0]), Math.ceil(width / o.stride[1])];
  },
  resize: (o, [x], refuse) => [image(x, refuse)[0], ...o.size],
  dropout: same,
  stochasticDepth: same,
};

/** Shape of an operator's output. @throws SHAPE, naming the layer and its input shapes */
export function outputShape(operator: Operator, inputs: readonly Shape[], layer: string): Shape {
  const rule = SHAPE_RULES[operator.kind] as ShapeRule<OperatorKind>;
  const refuse: Refuse = (reason) => {
    const given = inputs.map((s) => `[${s.join(', ')}]`).join(' and ');
    return fail('SHAPE', {
      layer,
      operator: operator.kind,
      reason: `${reason} (given ${given || 'nothing'})`,
    });
  };
  return rule(operator as never, inputs, refuse);
}

/**
 * Shapes of all inputs and nodes of a network, by id.
 * @throws SHAPE when shapes do not fit, an id is taken twice, or an input or output does not exist
 */
export function networkShapes(network: Network): ReadonlyMap<string, Shape> {
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
