/**
 * Shape rules of ONNX operators: output shapes and element types from those of the inputs.
 *
 * They let a graph be built with every shape known at once, which gradient rules and layout passes need; they are
 * checked against ONNX Runtime's own inference. A dimension may be symbolic (a string such as `batch`); symbols pass
 * through wherever arithmetic on them is not needed. Source: the ONNX operator specifications, opset 21.
 */
import { fail } from '../errors.ts';
import type { Attributes, DataType, Tensor } from './model.ts';

export type Dim = number | string;
export type Shape = readonly Dim[];

export interface ValueType {
  readonly dtype: DataType;
  readonly shape: Shape;
}

/** What a rule may ask about the node. */
export interface ShapeContext {
  readonly op: string;
  readonly name: string;
  readonly inputs: readonly (ValueType | null)[];
  readonly attributes: Attributes;
  /** The value of a constant input, or null when it is not constant. */
  readonly constant: (index: number) => Tensor | null;
  readonly outputCount: number;
}

type ShapeRule = (context: ShapeContext) => readonly ValueType[];

// ---- reading attributes and inputs -------------------------------------------------------------------------------

export function intAttribute(attributes: Attributes, name: string, fallback: number): number {
  const found = attributes[name];
  return found?.type === 'int' ? found.value : fallback;
}
export function floatAttribute(attributes: Attributes, name: string, fallback: number): number {
  const found = attributes[name];
  return found?.type === 'float' ? found.value : fallback;
}
export function intsAttribute(attributes: Attributes, name: string): readonly number[] | null {
  const found = attributes[name];
  return found?.type === 'ints' ? found.value : null;
}
export function stringAttribute(attributes: Attributes, name: string, fallback: string): string {
  const found = attributes[name];
  return found?.type === 'string' ? found.value : fallback;
}

function problem(context: ShapeContext, reason: string): never {
  const shapes = context.inputs.map((i) => (i ? `[${i.shape.join(',')}]` : '-')).join(' ');
  return fail('SHAPE', { layer: context.name, operator: context.op, reason: `${reason} (inputs ${shapes})` });
}
function input(context: ShapeContext, index: number): ValueType {
  return context.inputs[index] ?? problem(context, `input ${index} is missing`);
}
function fixed(context: ShapeContext, dim: Dim | undefined, what: string): number {
  return typeof dim === 'number' ? dim : problem(context, `${what} must be known, it is ${dim}`);
}
/** An int64 constant input as numbers. */
function integers(context: ShapeContext, index: number): readonly number[] {
  const tensor = context.constant(index);
  if (tensor === null) return problem(context, `input ${index} must be a constant`);
  return Array.from(tensor.data as ArrayLike<number | bigint>, Number);
}
function normalAxis(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

/** Numpy broadcasting of two or more shapes; null when they do not fit. */
export function broadcast(...shapes: readonly Shape[]): Shape | null {
  const rank = Math.max(...shapes.map((s) => s.length));
  const result: Dim[] = [];
  for (let i = 0; i < rank; i++) {
    let dim: Dim = 1;
    for (const shape of shapes) {
      const at = i - (rank - shape.length);
      const other = at < 0 ? 1 : shape[at]!;
      if (other === 1 || other === dim) continue;
      if (dim !== 1) return null;
      dim = other;
    }
    result.push(dim);
  }
  return result;
}

// ---- families of rules -------------------------------------------------------------------------------------------

const same: ShapeRule = (c) => [input(c, 0)];
const elementwise: ShapeRule = (c) => {
  const shapes = c.inputs.map((_, i) => input(c, i).shape);
  const shape = broadcast(...shapes) ?? problem(c, 'shapes do not broadcast');
  return [{ dtype: input(c, 0).dtype, shape }];
};
const comparison: ShapeRule = (c) => elementwise(c).map((v) => ({ ...v, dtype: 'bool' }));

/** Output size of a sliding window; ONNX Conv and pools. */
function windowed(c: ShapeContext, kernel: readonly number[], spatial: Shape): Dim[] {
  const rank = spatial.length;
  const strides = intsAttribute(c.attributes, 'strides') ?? kernel.map(() => 1);
  const dilations = intsAttribute(c.attributes, 'dilations') ?? kernel.map(() => 1);
  const pads = intsAttribute(c.attributes, 'pads') ?? kernel.flatMap(() => [0, 0]);
  const autoPad = stringAttribute(c.attributes, 'auto_pad', 'NOTSET');
  const ceil = intAttribute(c.attributes, 'ceil_mode', 0) === 1;
  return spatial.map((dim, i) => {
    if (typeof dim === 'string') return dim;
    if (autoPad.startsWith('SAME')) return Math.ceil(dim / strides[i]!);
    const span = (kernel[i]! - 1) * dilations[i]! + 1;
    const room = dim + pads[i]! + pads[i + rank]! - span;
    if (room < 0)
      return problem(c, `window of ${span} does not fit into ${dim} with padding ${pads.join(',')}`);
    return (ceil ? Math.ceil(room / strides[i]!) : Math.floor(room / strides[i]!)) + 1;
  });
}

const conv: ShapeRule = (c) => {
  const x = input(c, 0);
  const w = input(c, 1);
  if (x.shape.length !== w.shape.length) problem(c, 'image and kernel differ in rank');
  const group = intAttribute(c.attributes, 'group', 1);
  const channels = x.shape[1]!;
  const perGroup = w.shape[1]!;
  if (typeof channels === 'number' && typeof perGroup === 'number' && channels !== perGroup * group) {
    problem(c, `${channels} input channels do not match kernel channels ${perGroup} × ${group} groups`);
  }
  const kernel = w.shape.slice(2).map((d) => fixed(c, d, 'kernel size'));
  return [{ dtype: x.dtype, shape: [x.shape[0]!, w.shape[0]!, ...windowed(c, kernel, x.shape.slice(2))] }];
};

const convTranspose: ShapeRule = (c) => {
  const x = input(c, 0);
  const w = input(c, 1);
  const group = intAttribute(c.attributes, 'group', 1);
  const kernel = w.shape.slice(2).map((d) => fixed(c, d, 'kernel size'));
  const rank = kernel.length;
  const strides = intsAttribute(c.attributes, 'strides') ?? kernel.map(() => 1);
  const dilations = intsAttribute(c.attributes, 'dilations') ?? kernel.map(() => 1);
  const pads = intsAttribute(c.attributes, 'pads') ?? kernel.flatMap(() => [0, 0]);
  const extra = intsAttribute(c.attributes, 'output_padding') ?? kernel.map(() => 0);
  const spatial = x.shape.slice(2).map((dim, i) => {
    const size = fixed(c, dim, 'image size');
    return (
      strides[i]! * (size - 1) + extra[i]! + (kernel[i]! - 1) * dilations[i]! + 1 - pads[i]! - pads[i + rank]!
    );
  });
  return [{ dtype: x.dtype, shape: [x.shape[0]!, fixed(c, w.shape[1], 'kernel') * group, ...spatial] }];
};

const pool: ShapeRule = (c) => {
  const x = input(c, 0);
  const kernel = intsAttribute(c.attributes, 'kernel_shape') ?? problem(c, 'kernel_shape is missing');
  const shape = [x.shape[0]!, x.shape[1]!, ...windowed(c, kernel, x.shape.slice(2))];
  const values: ValueType[] = [{ dtype: x.dtype, shape }];
  if (c.outputCount > 1) values.push({ dtype: 'int64', shape });
  return values;
};

const globalPool: ShapeRule = (c) => {
  const x = input(c, 0);
  return [{ dtype: x.dtype, shape: [x.shape[0]!, x.shape[1]!, ...x.shape.slice(2).map(() => 1)] }];
};

const gemm: ShapeRule = (c) => {
  const a = input(c, 0).shape;
  const b = input(c, 1).shape;
  const transA = intAttribute(c.attributes, 'transA', 0) === 1;
  const transB = intAttribute(c.attributes, 'transB', 0) === 1;
  const [m, k] = transA ? [a[1]!, a[0]!] : [a[0]!, a[1]!];
  const [k2, n] = transB ? [b[1]!, b[0]!] : [b[0]!, b[1]!];
  if (typeof k === 'number' && typeof k2 === 'number' && k !== k2)
    problem(c, `inner sizes ${k} and ${k2} differ`);
  return [{ dtype: input(c, 0).dtype, shape: [m, n] }];
};

const matmul: ShapeRule = (c) => {
  const a = input(c, 0).shape;
  const b = input(c, 1).shape;
  // FusedMatMul (com.microsoft) may transpose the last two axes of either side.
  const swap = (s: Shape, on: boolean): Shape => (on ? [...s.slice(0, -2), s.at(-1)!, s.at(-2)!] : s);
  const left = swap(a.length === 1 ? [1, ...a] : a, intAttribute(c.attributes, 'transA', 0) === 1);
  const right = swap(b.length === 1 ? [...b, 1] : b, intAttribute(c.attributes, 'transB', 0) === 1);
  if (left.at(-1) !== right.at(-2)) problem(c, `inner sizes ${left.at(-1)} and ${right.at(-2)} differ`);
  const batch =
    broadcast(left.slice(0, -2), right.slice(0, -2)) ?? problem(c, 'batch shapes do not broadcast');
  const shape = [...batch];
  if (a.length > 1) shape.push(left.at(-2)!);
  if (b.length > 1) shape.push(right.at(-1)!);
  return [{ dtype: input(c, 0).dtype, shape }];
};

/** Axes as second input (opset 13/18 and later) or as attribute (earlier). */
const reduce: ShapeRule = (c) => {
  const x = input(c, 0);
  const keep = intAttribute(c.attributes, 'keepdims', 1) === 1;
  const listed = c.inputs[1] ? integers(c, 1) : intsAttribute(c.attributes, 'axes');
  const none = listed === null || listed.length === 0;
  if (none && intAttribute(c.attributes, 'noop_with_empty_axes', 0) === 1) return [x];
  const axes = new Set(none ? x.shape.map((_, i) => i) : listed.map((a) => normalAxis(a, x.shape.length)));
  const shape = x.shape.flatMap((d, i) => (axes.has(i) ? (keep ? [1] : []) : [d]));
  return [{ dtype: x.dtype, shape }];
};
const argReduce: ShapeRule = (c) => {
  const x = input(c, 0);
  const axis = normalAxis(intAttribute(c.attributes, 'axis', 0), x.shape.length);
  const keep = intAttribute(c.attributes, 'keepdims', 1) === 1;
  return [{ dtype: 'int64', shape: x.shape.flatMap((d, i) => (i === axis ? (keep ? [1] : []) : [d])) }];
};

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
    const step = steps[i]!;
    const place = (v: number): number => (v < 0 ? v + size : v);
    const clamp = (v: number, low: number, high: number): number => Math.min(Math.max(v, low), high);
    const from = step > 0 ? clamp(place(starts[i]!), 0, size) : clamp(place(starts[i]!), 0, size - 1);
    const to = step > 0 ? clamp(place(ends[i]!), 0, size) : clamp(place(ends[i]!), -1, size - 1);
    shape[axis] = Math.max(0, Math.ceil((to - from) / step));
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

const resize: ShapeRule = (c) => {
  const x = input(c, 0);
  if (c.inputs[3]) {
    const sizes = integers(c, 3);
    return [
      {
        dtype: x.dtype,
        shape: x.shape.map((d, i) => (typeof d === 'string' && sizes[i] === -1 ? d : sizes[i]!)),
      },
    ];
  }
  const scales = c.constant(2) ?? problem(c, 'neither scales nor sizes are constant');
  return [
    {
      dtype: x.dtype,
      shape: x.shape.map((d, i) => {
        const scale = Number(scales.data[i]);
        return scale === 1 ? d : Math.floor(fixed(c, d, 'resized axis') * scale);
      }),
    },
  ];
};

const gather: ShapeRule = (c) => {
  const x = input(c, 0);
  const axis = normalAxis(intAttribute(c.attributes, 'axis', 0), x.shape.length);
  return [
    { dtype: x.dtype, shape: [...x.shape.slice(0, axis), ...input(c, 1).shape, ...x.shape.slice(axis + 1)] },
  ];
};

/** ONNX TensorProto.DataType numbers of the element types we handle. */
export const ONNX_TYPE = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
} as const satisfies Record<DataType, number>;

const cast: ShapeRule = (c) => {
  const to = intAttribute(c.attributes, 'to', 1);
  const dtype =
    (Object.keys(ONNX_TYPE) as DataType[]).find((t) => ONNX_TYPE[t] === to) ??
    problem(c, `unknown type ${to}`);
  return [{ dtype, shape: input(c, 0).shape }];
};

const batchNorm: ShapeRule = (c) => {
  const statistics = input(c, 3);
  return [input(c, 0), statistics, statistics].slice(0, c.outputCount);
};

const layerNorm: ShapeRule = (c) => {
  const x = input(c, 0);
  const axis = normalAxis(intAttribute(c.attributes, 'axis', -1), x.shape.length);
  const reduced: ValueType = { dtype: 'float32', shape: x.shape.map((d, i) => (i >= axis ? 1 : d)) };
  return [x, reduced, reduced].slice(0, c.outputCount);
};

const dropout: ShapeRule = (c) => {
  const x = input(c, 0);
  return [x, { dtype: 'bool' as const, shape: x.shape }].slice(0, c.outputCount);
};

const where: ShapeRule = (c) => {
  const shape =
    broadcast(...c.inputs.map((_, i) => input(c, i).shape)) ?? problem(c, 'shapes do not broadcast');
  return [{ dtype: input(c, 1).dtype, shape }];
};

const topK: ShapeRule = (c) => {
  const x = input(c, 0);
  const axis = normalAxis(intAttribute(c.attributes, 'axis', -1), x.shape.length);
  const shape = x.shape.map((d, i) => (i === axis ? integers(c, 1)[0]! : d));
  return [
    { dtype: x.dtype, shape },
    { dtype: 'int64', shape },
  ];
};

/** The zero point's type decides; without one, uint8. */
const quantizeLinear: ShapeRule = (c) => [
  { dtype: c.inputs[2]?.dtype ?? 'uint8', shape: input(c, 0).shape },
];
const dequantizeLinear: ShapeRule = (c) => [{ dtype: input(c, 1).dtype, shape: input(c, 0).shape }];

const constantOfShape: ShapeRule = (c) => {
  const value = c.attributes.value;
  return [{ dtype: value?.type === 'tensor' ? value.value.dtype : 'float32', shape: integers(c, 0) }];
};

// ---- the table ---------------------------------------------------------------------------------------------------

const table = (rule: ShapeRule, ops: readonly string[]): Record<string, ShapeRule> =>
  Object.fromEntries(ops.map((op) => [op, rule]));

/** Rules by operator type, all domains together (names do not clash). */
export const SHAPE_RULES: Readonly<Record<string, ShapeRule>> = {
  ...table(same, [
    'Relu',
    'LeakyRelu',
    'Clip',
    'Sigmoid',
    'Tanh',
    'HardSigmoid',
    'HardSwish',
    'Gelu',
    'QuickGelu',
    'Elu',
    'Selu',
    'Softplus',
    'Softsign',
    'Mish',
    'ThresholdedRelu',
    'PRelu',
    'Celu',
    'Softmax',
    'LogSoftmax',
    'Exp',
    'Log',
    'Sqrt',
    'Neg',
    'Abs',
    'Sign',
    'Reciprocal',
    'Erf',
    'Floor',
    'Ceil',
    'Round',
    'Sin',
    'Cos',
    'Atan',
    'Identity',
    'InstanceNormalization',
    'GroupNormalization',
    'ScatterElements',
    'ScatterND',
    'LRN',
    'CumSum',
    'QuickGeluGrad',
    'Trilu',
  ]),
  ...table(elementwise, ['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Min', 'Max', 'Sum', 'Mean', 'Mod']),
  ...table(comparison, ['Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'And', 'Or', 'Xor']),
  ...table((c) => [{ dtype: 'bool', shape: input(c, 0).shape }], ['Not', 'IsNaN', 'IsInf']),
  ...table(reduce, [
    'ReduceSum',
    'ReduceMean',
    'ReduceMax',
    'ReduceMin',
    'ReduceProd',
    'ReduceSumSquare',
    'ReduceL1',
    'ReduceL2',
    'ReduceLogSumExp',
  ]),
  ...table(argReduce, ['ArgMax', 'ArgMin']),
  ...table(pool, ['MaxPool', 'AveragePool']),
  ...table(globalPool, ['GlobalAveragePool', 'GlobalMaxPool']),
  ...table(matmul, ['MatMul', 'FusedMatMul']),
  Conv: conv,
  ConvTranspose: convTranspose,
  Gemm: gemm,
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
  Resize: resize,
  Gather: gather,
  GatherElements: (c) => [{ dtype: input(c, 0).dtype, shape: input(c, 1).shape }],
  Cast: cast,
  QuantizeLinear: quantizeLinear,
  DequantizeLinear: dequantizeLinear,
  BatchNormalization: batchNorm,
  LayerNormalization: layerNorm,
  Dropout: dropout,
  Where: where,
  TopK: topK,
  Shape: (c) => [{ dtype: 'int64', shape: [input(c, 0).shape.length] }],
  ConstantOfShape: constantOfShape,
  Constant: (c) => {
    const value = c.attributes.value;
    if (value?.type !== 'tensor') return problem(c, 'only tensor constants are handled');
    return [{ dtype: value.value.dtype, shape: value.value.shape }];
  },
};
