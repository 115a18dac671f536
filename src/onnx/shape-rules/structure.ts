/** Operators that only move elements about. */
import { intAttribute, intsAttribute } from '../attributes.ts';
import { sliceRange } from '../slice-range.ts';
import {
  broadcast,
  type Dim,
  fixed,
  input,
  integers,
  normalAxis,
  problem,
  type Shape,
  type ShapeRule,
} from './context.ts';

const concat: ShapeRule = (c) => {
  const first = input(c, 0);
  const axis = normalAxis(intAttribute(c.attributes, 'axis', 0), first.shape.length);
  let total = 0;
  c.inputs.forEach((_, i) => {
    const shape = input(c, i).shape;
    if (shape.length !== first.shape.length || shape.some((d, j) => j !== axis && d !== first.shape[j])) {
      problem(c, `input ${i} differs from the first outside axis ${axis}`);
    }
    total += fixed(c, shape[axis], 'concatenated axis');
  });
  return [{ dtype: first.dtype, shape: first.shape.map((d, i) => (i === axis ? total : d)) }];
};

const split: ShapeRule = (c) => {
  const x = input(c, 0);
  const axis = normalAxis(intAttribute(c.attributes, 'axis', 0), x.shape.length);
  const size = fixed(c, x.shape[axis], 'split axis');
  const parts = c.inputs[1] ? integers(c, 1) : intsAttribute(c.attributes, 'split');
  const chunk = Math.ceil(size / c.outputCount);
  return Array.from({ length: c.outputCount }, (_, i) => {
    const part = parts?.[i] ?? Math.min(chunk, size - chunk * i);
    return { dtype: x.dtype, shape: x.shape.map((d, j) => (j === axis ? part : d)) };
  });
};

const slice: ShapeRule = (c) => {
  const x = input(c, 0);
  const starts = c.inputs[1] ? integers(c, 1) : (intsAttribute(c.attributes, 'starts') ?? []);
  const ends = c.inputs[2] ? integers(c, 2) : (intsAttribute(c.attributes, 'ends') ?? []);
  const axes = c.inputs[3]
    ? integers(c, 3)
    : (intsAttribute(c.attributes, 'axes') ?? starts.map((_, i) => i));
  const steps = c.inputs[4] ? integers(c, 4) : starts.map(() => 1);
  const shape = [...x.shape];
  axes.forEach((a, i) => {
    const axis = normalAxis(a, shape.length);
    const size = fixed(c, shape[axis], 'sliced axis');
    shape[axis] = sliceRange(size, starts[i]!, ends[i]!, steps[i]!).count;
  });
  return [{ dtype: x.dtype, shape }];
};

const pad: ShapeRule = (c) => {
  const x = input(c, 0);
  const pads = c.inputs[1] ? integers(c, 1) : (intsAttribute(c.attributes, 'pads') ?? []);
  const axes = c.inputs[3]
    ? integers(c, 3).map((a) => normalAxis(a, x.shape.length))
    : x.shape.map((_, i) => i);
  const shape = [...x.shape];
  axes.forEach((axis, i) => {
    const total = pads[i]! + pads[i + axes.length]!;
    if (total !== 0) shape[axis] = fixed(c, shape[axis], 'padded axis') + total;
  });
  return [{ dtype: x.dtype, shape }];
};

const reshape: ShapeRule = (c) => {
  const x = input(c, 0);
  const target = integers(c, 1);
  const allowZero = intAttribute(c.attributes, 'allowzero', 0) === 1;
  const shape: Dim[] = target.map((d, i) =>
    d === 0 && !allowZero ? (x.shape[i] ?? problem(c, 'no axis to copy')) : d,
  );
  const at = shape.indexOf(-1);
  if (at >= 0) {
    // Symbols that stand on both sides cancel.
    const rest = shape.filter((_, i) => i !== at);
    const source = [...x.shape];
    for (const dim of rest) {
      if (typeof dim !== 'string') continue;
      const match = source.indexOf(dim);
      if (match >= 0) source.splice(match, 1);
    }
    const symbols = source.filter((d) => typeof d === 'string');
    const known = source.reduce<number>((p, d) => (typeof d === 'number' ? p * d : p), 1);
    const used = rest.reduce<number>((p, d) => (typeof d === 'number' ? p * d : p), 1);
    if (symbols.length === 0) shape[at] = known / used;
    else if (symbols.length === 1 && known === used) shape[at] = symbols[0]!;
    else problem(c, 'the free axis cannot be determined');
  }
  if ([...x.shape, ...shape].every((d) => typeof d === 'number')) {
    const count = (s: readonly Dim[]): number => s.reduce<number>((p, d) => p * (d as number), 1);
    if (count(x.shape) !== count(shape))
      problem(c, `${count(x.shape)} elements cannot become [${shape.join(',')}]`);
  }
  return [{ dtype: x.dtype, shape }];
};

const flatten: ShapeRule = (c) => {
  const x = input(c, 0);
  const axis = normalAxis(intAttribute(c.attributes, 'axis', 1), x.shape.length);
  const product = (dims: Shape): Dim => {
    const symbols = dims.filter((d) => typeof d === 'string');
    if (symbols.length === 1 && dims.every((d) => d === symbols[0] || d === 1)) return symbols[0]!;
    return dims.reduce<number>((p, d) => p * fixed(c, d, 'flattened axis'), 1);
  };
  return [{ dtype: x.dtype, shape: [product(x.shape.slice(0, axis)), product(x.shape.slice(axis))] }];
};

const transpose: ShapeRule = (c) => {
  const x = input(c, 0);
  const perm = intsAttribute(c.attributes, 'perm') ?? x.shape.map((_, i) => x.shape.length - 1 - i);
  return [{ dtype: x.dtype, shape: perm.map((p) => x.shape[p]!) }];
};

const squeeze: ShapeRule = (c) => {
  const x = input(c, 0);
  const listed = c.inputs[1] ? integers(c, 1) : intsAttribute(c.attributes, 'axes');
  const axes = new Set(
    listed?.map((a) => normalAxis(a, x.shape.length)) ?? x.shape.flatMap((d, i) => (d === 1 ? [i] : [])),
  );
  return [{ dtype: x.dtype, shape: x.shape.filter((_, i) => !axes.has(i)) }];
};

const unsqueeze: ShapeRule = (c) => {
  const x = input(c, 0);
  const listed = c.inputs[1] ? integers(c, 1) : (intsAttribute(c.attributes, 'axes') ?? []);
  const rank = x.shape.length + listed.length;
  const axes = new Set(listed.map((a) => normalAxis(a, rank)));
  const rest = [...x.shape];
  return [
    { dtype: x.dtype, shape: Array.from({ length: rank }, (_, i) => (axes.has(i) ? 1 : rest.shift()!)) },
  ];
};

const expand: ShapeRule = (c) => {
  const x = input(c, 0);
  return [
    { dtype: x.dtype, shape: broadcast(x.shape, integers(c, 1)) ?? problem(c, 'shapes do not broadcast') },
  ];
};

const tile: ShapeRule = (c) => {
  const x = input(c, 0);
  const repeats = integers(c, 1);
  const shape = x.shape.map((d, i) => (repeats[i] === 1 ? d : fixed(c, d, 'repeated axis') * repeats[i]!));
  return [{ dtype: x.dtype, shape }];
};

/** Squares of `blocksize` elements become channels, or the other way round. */
const blocks =
  (direction: 'toDepth' | 'toSpace'): ShapeRule =>
  (c) => {
    const x = input(c, 0);
    const size = intAttribute(c.attributes, 'blocksize', 1);
    const [n, channels, ...space] = x.shape;
    const known = fixed(c, channels, 'channels');
    const spread = space.map((d) => fixed(c, d, 'image size'));
    const shape =
      direction === 'toDepth'
        ? [n!, known * size * size, ...spread.map((d) => d / size)]
        : [n!, known / (size * size), ...spread.map((d) => d * size)];
    return [{ dtype: x.dtype, shape }];
  };

export const STRUCTURE_RULES: Readonly<Record<string, ShapeRule>> = {
  Concat: concat,
  Split: split,
  Slice: slice,
  Pad: pad,
  Reshape: reshape,
  Flatten: flatten,
  Transpose: transpose,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Expand: expand,
  Tile: tile,
  SpaceToDepth: blocks('toDepth'),
  DepthToSpace: blocks('toSpace'),
};
