/** Models that need nothing new of the format are written in an older version of it, which more programs read. */
import type { OnnxModel, OnnxNode } from './model.ts';

/** ONNX 1.12 of 2022: what long-term distributions carry. */
const OLDER = { irVersion: 8, opset: 17 } as const;

/** Standard operators that mean the same in operator sets 17 to 21, with the attributes that they may have in both. */
const ALIKE: Readonly<Record<string, readonly string[]>> = {
  Add: [],
  AveragePool: ['kernel_shape', 'strides', 'pads', 'count_include_pad'],
  BatchNormalization: ['epsilon', 'momentum'],
  Clip: [],
  Concat: ['axis'],
  Conv: ['kernel_shape', 'strides', 'pads', 'dilations', 'group'],
  DequantizeLinear: ['axis'],
  Flatten: ['axis'],
  Gemm: ['alpha', 'beta', 'transA', 'transB'],
  GlobalAveragePool: [],
  HardSigmoid: ['alpha', 'beta'],
  HardSwish: [],
  Identity: [],
  LeakyRelu: ['alpha'],
  MatMul: [],
  MaxPool: ['kernel_shape', 'strides', 'pads'],
  Mul: [],
  QuantizeLinear: ['axis'],
  Relu: [],
  Resize: ['mode', 'coordinate_transformation_mode', 'nearest_mode'],
  Sigmoid: [],
  Slice: [],
  Tanh: [],
};

const isAlike = ({ op, domain, attributes }: OnnxNode): boolean => {
  const known = domain === '' ? ALIKE[op] : undefined;
  return known !== undefined && Object.keys(attributes).every((name) => known.includes(name));
};

/** The same model in the older format where that can say it, otherwise as it is. */
export function portableModel(model: OnnxModel): OnnxModel {
  const { nodes, initializers } = model.graph;
  // Quantisation to 16 bits is new.
  const isNew = [...initializers.values()].some(({ dtype }) => dtype === 'int16' || dtype === 'uint16');
  if (isNew || (model.opsets[''] ?? 0) <= OLDER.opset || !nodes.every(isAlike)) return model;
  return { ...model, irVersion: OLDER.irVersion, opsets: { '': OLDER.opset } };
}
