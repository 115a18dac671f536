/**
 * The safetensors format (Hugging Face): eight bytes of header length, a JSON header of name → dtype, shape and byte
 * range, then the raw little-endian data.
 */
import { fail } from '../errors.ts';
import type { DataType, Tensor } from '../onnx/model.ts';
import { TENSOR_ARRAYS } from '../onnx/tensor-arrays.ts';

type SafetensorsType = 'F32' | 'F64' | 'F16' | 'BF16' | 'I8' | 'U8' | 'I16' | 'U16' | 'I32' | 'I64' | 'BOOL';

const TYPE_NAMES: Readonly<Record<DataType, SafetensorsType>> = {
  float32: 'F32',
  float64: 'F64',
  float16: 'F16',
  bfloat16: 'BF16',
  int8: 'I8',
  uint8: 'U8',
  int16: 'I16',
  uint16: 'U16',
  int32: 'I32',
  int64: 'I64',
  bool: 'BOOL',
};

export interface SafetensorsFile {
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** Free text entries. */
  readonly metadata: Readonly<Record<string, string>>;
}

export function encodeSafetensors(file: SafetensorsFile): Uint8Array {
  let offset = 0;
  const header: Record<string, unknown> = { __metadata__: file.metadata };
  for (const [name, tensor] of file.tensors) {
    const end = offset + tensor.data.byteLength;
    header[name] = { dtype: TYPE_NAMES[tensor.dtype], shape: tensor.shape, data_offsets: [offset, end] };
    offset = end;
  }
  const json = Buffer.from(JSON.stringify(header));
  // The data begins at a multiple of eight; the standard pads with spaces.
  const padded = Math.ceil(json.length / 8) * 8;
  const bytes = Buffer.alloc(8 + padded + offset, 0x20);
  bytes.writeBigUInt64LE(BigInt(padded), 0);
  json.copy(bytes, 8);
  let at = 8 + padded;
  for (const { data } of file.tensors.values()) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

/** @throws SAFETENSORS when the bytes are not a whole safetensors file; `path` is only for the message */
export function decodeSafetensors(bytes: Uint8Array, path: string): SafetensorsFile {
  const damaged = (reason: string): never => fail('SAFETENSORS', { path, reason });
  if (bytes.length < 8) return damaged('it is shorter than its header');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = Number(view.getBigUint64(0, true));
  if (8 + length > bytes.length) return damaged('the header is cut off');
  let header: Record<string, unknown>;
  try {
    header = JSON.parse(Buffer.from(bytes.subarray(8, 8 + length)).toString('utf8')) as Record<
      string,
      unknown
    >;
  } catch {
    return damaged('the header is not JSON');
  }
  const tensors = new Map<string, Tensor>();
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const { dtype, shape, data_offsets } = entry as {
      dtype: string;
      shape: number[];
      data_offsets: [number, number];
    };
    const type = (Object.keys(TYPE_NAMES) as DataType[]).find((t) => TYPE_NAMES[t] === dtype);
    if (type === undefined) return damaged(`tensor "${name}" has the unknown type ${dtype}`);
    const [from, to] = data_offsets;
    if (8 + length + to > bytes.length) return damaged(`tensor "${name}" is cut off`);
    const data = new TENSOR_ARRAYS[type](
      Uint8Array.from(bytes.subarray(8 + length + from, 8 + length + to)).buffer,
    );
    tensors.set(name, { dtype: type, shape, data });
  }
  return { tensors, metadata: (header.__metadata__ ?? {}) as Record<string, string> };
}
