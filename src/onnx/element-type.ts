import type { DataType } from './model.ts';

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
  bfloat16: 16,
} as const satisfies Record<DataType, number>;

/** Floating point of any size. */
export const isFloat = (dtype: DataType): boolean => dtype.startsWith('float') || dtype === 'bfloat16';
