/** QDQ models computed by plain loops in double precision: what the integer kernels must agree with. */
import type { OnnxModel, OnnxNode, Tensor } from '../../onnx/model.ts';
import { floatAttribute, intAttribute, intsAttribute } from '../../onnx/shape-rules.ts';
import { LIMITS, roundHalfEven } from '../affine.ts';

export interface Value {
  readonly shape: readonly number[];
  readonly data: Float64Array;
  readonly dtype: string;
}
type Operator = (node: OnnxNode, inputs: readonly Value[]) => Value;

const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
const real = (shape: readonly number[], data: Float64Array): Value => ({ shape, data, dtype: 'float32' });

/** Index of the scale that an element has: one for all, or one along an axis. */
function scaleIndex(node: OnnxNode, x: Value, scale: Value): (i: number) => number {
  if (scale.shape.length === 0) return () => 0;
  const inner = size(x.shape.slice(intAttribute(node.attributes, 'axis', 1) + 1));
  return (i) => Math.floor(i / inner) % scale.data.length;
}

const quantise: Operator = (node, [x, scale, zero]) => {
  const at = scaleIndex(node, x!, scale!);
  const { low, high } = LIMITS[zero!.dtype as 'uint8'];
  const data = x!.data.map((v, i) => {
    const integer = roundHalfEven(Math.fround(v) / scale!.data[at(i)]!) + zero!.data[at(i)]!;
    return Math.min(high, Math.max(low, integer));
  });
  return { shape: x!.shape, data, dtype: zero!.dtype };
};
const dequantise: Operator = (node, [x, scale, zero]) => {
  const at = scaleIndex(node, x!, scale!);
  return real(
    x!.shape,
    x!.data.map((v, i) => (v - zero!.data[at(i)]!) * scale!.data[at(i)]!),
  );
};

const conv: Operator = (node, [x, w, b]) => {
  const [n, channels, height, width] = x!.shape as [number, number, number, number];
  const [outputs, perGroup, kh, kw] = w!.shape as [number, number, number, number];
  const [sy, sx] = (intsAttribute(node.attributes, 'strides') ?? [1, 1]) as [number, number];
  const pads = intsAttribute(node.attributes, 'pads') ?? [0, 0, 0, 0];
  const groupOutputs = outputs / intAttribute(node.attributes, 'group', 1);
  const rows = Math.floor((height + pads[0]! + pads[2]! - kh) / sy) + 1;
  const columns = Math.floor((width + pads[1]! + pads[3]! - kw) / sx) + 1;
  const data = new Float64Array(n * outputs * rows * columns);
  let at = 0;
  for (let i = 0; i < n; i++)
    for (let o = 0; o < outputs; o++)
      for (let y = 0; y < rows; y++)
        for (let z = 0; z < columns; z++) {
          let sum = b?.data[o] ?? 0;
          for (let c = 0; c < perGroup; c++)
            for (let ky = 0; ky < kh; ky++)
              for (let kx = 0; kx < kw; kx++) {
                const [iy, ix] = [y * sy + ky - pads[0]!, z * sx + kx - pads[1]!];
                if (iy < 0 || ix < 0 || iy >= height || ix >= width) continue;
                const channel = Math.floor(o / groupOutputs) * perGroup + c;
                sum +=
                  x!.data[((i * channels + channel) * height + iy) * width + ix]! *
                  w!.data[((o * perGroup + c) * kh + ky) * kw + kx]!;
              }
          data[at++] = sum;
        }
  return real([n, outputs, rows, columns], data);
};

/** Only with transB = 1, as our linear layers have it. */
const gemm: Operator = (_, [a, b, c]) => {
  const [rows, inner] = a!.shape as [number, number];
  const columns = b!.shape[0]!;
  const data = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) {
      let sum = c?.data[j] ?? 0;
      for (let k = 0; k < inner; k++) sum += a!.data[i * inner + k]! * b!.data[j * inner + k]!;
      data[i * columns + j] = sum;
    }
  return real([rows, columns], data);
};

const pooled =
  (reduce: (values: readonly number[]) => number): Operator =>
  (node, [x]) => {
    const [n, channels, height, width] = x!.shape as [number, number, number, number];
    const global = node.op.startsWith('Global');
    const [kh, kw] = (global ? [height, width] : intsAttribute(node.attributes, 'kernel_shape')) as [
      number,
      number,
    ];
    const [sy, sx] = (intsAttribute(node.attributes, 'strides') ?? [1, 1]) as [number, number];
    const [rows, columns] = [Math.floor((height - kh) / sy) + 1, Math.floor((width - kw) / sx) + 1];
    const data = new Float64Array(n * channels * rows * columns);
    for (let i = 0; i < data.length; i++) {
      const [plane, y, z] = [Math.floor(i / (rows * columns)), Math.floor(i / columns) % rows, i % columns];
      const values: number[] = [];
      for (let ky = 0; ky < kh; ky++)
        for (let kx = 0; kx < kw; kx++)
          values.push(x!.data[(plane * height + y * sy + ky) * width + z * sx + kx]!);
      data[i] = reduce(values);
    }
    return { ...x!, shape: [n, channels, rows, columns], data };
  };

/** Operands of equal shape, or a scalar, or one number for each plane. */
const pointwise =
  (f: (a: number, b: number) => number): Operator =>
  (_, [a, b]) => {
    const [big, small] = a!.data.length >= b!.data.length ? [a!, b!] : [b!, a!];
    const each = big.data.length / small.data.length;
    return real(
      big.shape,
      big.data.map((v, i) => f(v, small.data[Math.floor(i / each)]!)),
    );
  };
const unary =
  (f: (x: number, node: OnnxNode) => number): Operator =>
  (node, [x]) =>
    real(
      x!.shape,
      x!.data.map((v) => f(v, node)),
    );

const OPERATORS: Readonly<Record<string, Operator>> = {
  QuantizeLinear: quantise,
  DequantizeLinear: dequantise,
  Conv: conv,
  Gemm: gemm,
  Add: pointwise((a, b) => a + b),
  Mul: pointwise((a, b) => a * b),
  Relu: unary((x) => Math.max(0, x)),
  LeakyRelu: unary((x, node) => (x < 0 ? floatAttribute(node.attributes, 'alpha', 0.01) * x : x)),
  Sigmoid: unary((x) => 1 / (1 + Math.exp(-x))),
  MaxPool: pooled((values) => Math.max(...values)),
  AveragePool: pooled((values) => values.reduce((a, b) => a + b, 0) / values.length),
  GlobalAveragePool: pooled((values) => values.reduce((a, b) => a + b, 0) / values.length),
  Flatten: (_, [x]) => ({ ...x!, shape: [x!.shape[0]!, size(x!.shape.slice(1))] }),
};

const fromTensor = ({ shape, data, dtype }: Tensor): Value => ({
  shape,
  dtype,
  data: Float64Array.from(data as ArrayLike<number>),
});

/** All values of the model by name. */
export function runReference(model: OnnxModel, feeds: Readonly<Record<string, Tensor>>): Map<string, Value> {
  const values = new Map(
    [...model.graph.initializers, ...Object.entries(feeds)].map(([name, t]) => [name, fromTensor(t)]),
  );
  for (const node of model.graph.nodes) {
    const operator = OPERATORS[node.op];
    if (operator === undefined) throw new Error(`the reference has no ${node.op}`);
    const inputs = node.inputs.map((name) => values.get(name)!);
    values.set(node.outputs[0]!, operator(node, inputs));
  }
  return values;
}
