/** Reads a model from ONNX protobuf bytes. */
import { fromBinary, type Message } from '@bufbuild/protobuf';
import { fail } from '../errors.ts';
import { ATTRIBUTE_TYPE } from './attribute-type.ts';
import type { Attribute, DataType, OnnxModel, OnnxNode, Tensor, TypedArray, ValueInfo } from './model.ts';
import {
  type AttributeProto,
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from './onnx_pb.ts';
import { ONNX_TYPE } from './shape-rules.ts';
import { TENSOR_ARRAYS } from './tensor-arrays.ts';

const text = new TextDecoder();

/** TensorProto.DataLocation of data in another file. */
const EXTERNAL = 1;
/** Numbers of fields that we have no message for, but without which a model would be read wrongly. */
const MODEL_FUNCTIONS = 25;
const GRAPH_SPARSE_INITIALIZER = 15;
const holds = (message: Message, field: number): boolean =>
  message.$unknown?.some((f) => f.no === field) ?? false;

/**
 * Bytes of a file that the model keeps data in.
 * @param location path from the model's folder, as the model has it: not yet checked
 * @param offset where the data begins, in bytes
 * @param length of the data in bytes; null: to the end of the file
 * @throws Error whose message says what is wrong, to follow on the file's name
 */
export type ReadExternal = (location: string, offset: number, length: number | null) => Uint8Array;

interface Source {
  /** Named in errors. */
  readonly path: string;
  readonly external?: ReadExternal | undefined;
}

/**
 * A model in memory from the bytes of an `.onnx` file (protobuf). The operators need not be known; only their
 * attributes' kinds and the element types must be.
 * @param path named in errors
 * @param external reads what lies in other files (see `readModelFile`); without it such models are refused
 * @throws ONNX_READ when the bytes are not a model, or use a part of the format that Espalier does not handle:
 *   subgraphs, functions, sparse tensors, element types other than `DataType`'s, values that are not tensors
 */
export function decodeModel(bytes: Uint8Array, path = 'the model', external?: ReadExternal): OnnxModel {
  let proto: ModelProto;
  try {
    proto = fromBinary(ModelProtoSchema, bytes);
  } catch (cause) {
    const hint = 'Give an .onnx file; if it is one, fetch or export it again.';
    return fail('ONNX_READ', { path, reason: 'it is not an ONNX model, or it is cut off', hint }, cause);
  }
  if (proto.graph === undefined)
    return fail('ONNX_READ', { path, reason: 'it holds no graph', hint: 'Give an .onnx file.' });
  for (const [field, what] of [
    [holds(proto, MODEL_FUNCTIONS), 'functions of its own'],
    [holds(proto.graph, GRAPH_SPARSE_INITIALIZER), 'sparse tensors'],
  ] as const)
    if (field) fail('ONNX_READ', { path, reason: `it has ${what}` });
  return {
    irVersion: Number(proto.irVersion),
    opsets: Object.fromEntries(proto.opsetImport.map((o) => [o.domain, Number(o.version)])),
    producer: proto.producerName,
    metadata: Object.fromEntries(proto.metadataProps.map((p) => [p.key, p.value])),
    graph: decodeGraph(proto.graph, { path, external }),
  };
}

function decodeGraph(graph: GraphProto, source: Source): OnnxModel['graph'] {
  return {
    name: graph.name,
    nodes: graph.node.map((n, i) => decodeNode(n, i, source)),
    initializers: new Map(graph.initializer.map((t) => [t.name, decodeTensor(t, source)])),
    inputs: graph.input.map((v) => decodeValue(v, source)),
    outputs: graph.output.map((v) => decodeValue(v, source)),
  };
}

function decodeNode(node: NodeProto, index: number, source: Source): OnnxNode {
  const name = node.name === '' ? `${node.opType}_${index}` : node.name;
  return {
    name,
    op: node.opType,
    domain: node.domain === 'ai.onnx' ? '' : node.domain,
    inputs: node.input,
    outputs: node.output,
    attributes: Object.fromEntries(node.attribute.map((a) => [a.name, decodeAttribute(a, name, source)])),
  };
}

function decodeAttribute(a: AttributeProto, node: string, source: Source): Attribute {
  switch (a.type) {
    case ATTRIBUTE_TYPE.int:
      return { type: 'int', value: Number(a.i) };
    case ATTRIBUTE_TYPE.float:
      return { type: 'float', value: a.f };
    case ATTRIBUTE_TYPE.string:
      return { type: 'string', value: text.decode(a.s) };
    case ATTRIBUTE_TYPE.ints:
      return { type: 'ints', value: a.ints.map(Number) };
    case ATTRIBUTE_TYPE.floats:
      return { type: 'floats', value: a.floats };
    case ATTRIBUTE_TYPE.strings:
      return { type: 'strings', value: a.strings.map((s) => text.decode(s)) };
    case ATTRIBUTE_TYPE.tensor:
      if (a.t !== undefined) return { type: 'tensor', value: decodeTensor(a.t, source) };
  }
  return fail('ONNX_READ', {
    path: source.path,
    reason: `attribute "${a.name}" of node "${node}" is of the kind ${a.type}`,
  });
}

/** Numbers of element types that the format has and we do not handle. */
const OTHER_TYPES: Readonly<Record<number, string>> = {
  8: 'string',
  12: 'uint32',
  13: 'uint64',
  14: 'complex64',
  15: 'complex128',
  17: 'float8e4m3fn',
  18: 'float8e4m3fnuz',
  19: 'float8e5m2',
  20: 'float8e5m2fnuz',
  21: 'uint4',
  22: 'int4',
  23: 'float4e2m1',
};

function dataType(code: number, what: string, { path }: Source): DataType {
  const found = (Object.keys(ONNX_TYPE) as DataType[]).find((t) => ONNX_TYPE[t] === code);
  const name = OTHER_TYPES[code] ?? code;
  return found ?? fail('ONNX_READ', { path, reason: `${what} has the element type ${name}` });
}

function decodeTensor(t: TensorProto, source: Source): Tensor {
  const dtype = dataType(t.dataType, `tensor "${t.name}"`, source);
  const shape = t.dims.map(Number);
  const wrong = (reason: string): never =>
    fail('ONNX_READ', { path: source.path, reason: `tensor "${t.name}" ${reason}` });
  if (shape.some((d) => d < 0)) wrong(`has the shape [${shape.join(', ')}]`);
  const length = shape.reduce((a, b) => a * b, 1);
  const isExternal = t.dataLocation === EXTERNAL;
  if (isExternal || t.rawData.length > 0) {
    const ArrayType = TENSOR_ARRAYS[dtype];
    const raw = isExternal ? externalBytes(t, source) : t.rawData;
    const wanted = length * ArrayType.BYTES_PER_ELEMENT;
    if (raw.length !== wanted) wrong(`holds ${raw.length} bytes, not ${wanted}`);
    // A copy: the bytes need not lie at a multiple of the element's size. Not by `slice`: of a Buffer, which readFile
    // gives, that is a view of the whole file.
    return { dtype, shape, data: new ArrayType(new Uint8Array(raw).buffer) };
  }
  const values = t[VALUE_FIELDS[dtype]];
  if (values.length !== length) wrong(`holds ${values.length} elements, not ${length}`);
  return { dtype, shape, data: toTypedArray(dtype, values) };
}

function externalBytes(t: TensorProto, { path, external }: Source): Uint8Array {
  const entries = new Map(t.externalData.map(({ key, value }) => [key, value]));
  const location = entries.get('location') ?? '';
  const wrong = (reason: string, cause?: unknown): never =>
    fail('ONNX_READ', { path, reason: `the data of tensor "${t.name}" lies in ${reason}` }, cause);
  if (!external) return wrong('another file');
  const place = (key: string): number | null => {
    const text = entries.get(key);
    if (text !== undefined && !/^\d{1,15}$/.test(text)) wrong(`"${location}" at the ${key} "${text}"`);
    return text === undefined ? null : Number(text);
  };
  const [offset, length] = [place('offset') ?? 0, place('length')];
  try {
    return external(location, offset, length);
  } catch (cause) {
    return wrong(`"${location}", ${(cause as Error).message}`, cause);
  }
}

/** Where a tensor's elements are when they are not raw bytes. */
const VALUE_FIELDS = {
  float32: 'floatData',
  float64: 'doubleData',
  int64: 'int64Data',
  float16: 'int32Data',
  bfloat16: 'int32Data',
  int8: 'int32Data',
  uint8: 'int32Data',
  int16: 'int32Data',
  uint16: 'int32Data',
  int32: 'int32Data',
  bool: 'int32Data',
} as const satisfies Record<DataType, keyof TensorProto>;

function toTypedArray(dtype: DataType, values: readonly number[] | readonly bigint[]): TypedArray {
  const data = new TENSOR_ARRAYS[dtype](values.length);
  if (data instanceof BigInt64Array) data.set(values as readonly bigint[]);
  else data.set(values as readonly number[]);
  return data;
}

function decodeValue(value: ValueInfoProto, source: Source): ValueInfo {
  const type = value.type?.value;
  if (type?.case !== 'tensorType')
    return fail('ONNX_READ', { path: source.path, reason: `value "${value.name}" is not a tensor` });
  const dims = type.value.shape?.dim ?? [];
  return {
    name: value.name,
    dtype: dataType(type.value.elemType, `value "${value.name}"`, source),
    shape: dims.map((d, i) => {
      if (d.value.case === 'dimValue') return Number(d.value.value);
      return d.value.case === 'dimParam' ? d.value.value : `unknown${i}`;
    }),
  };
}
