/** The size of a model's file without writing it: its tensors may have no data yet. */
import { encodeModel } from './encode.ts';
import type { DataType, OnnxModel } from './model.ts';

const BYTES: Readonly<Partial<Record<DataType, number>>> = {
  float64: 8,
  int64: 8,
  float32: 4,
  int32: 4,
  float16: 2,
  bfloat16: 2,
  int16: 2,
  uint16: 2,
};
/** Lengths of a tensor and of its data are written with up to so many bytes more than those of an empty one. */
const LENGTHS = 6;

/** Bytes, a few for each tensor too many at most. */
export function encodedBytes(model: OnnxModel): number {
  const { initializers } = model.graph;
  const empty = new Map(
    [...initializers].map(([name, tensor]) => [name, { ...tensor, data: tensor.data.slice(0, 0) }]),
  );
  let bytes = encodeModel({ ...model, graph: { ...model.graph, initializers: empty } }).byteLength;
  for (const { dtype, shape } of initializers.values())
    bytes += shape.reduce((a, b) => a * b, BYTES[dtype] ?? 1) + LENGTHS;
  return bytes;
}
