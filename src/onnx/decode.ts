/** Reads a model from ONNX protobuf bytes. */
import { fromBinary } from '@bufbuild/protobuf';
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

const text = new TextDecoder();

/** TensorProto.DataLocation of data in another file. */
const EXTERNAL = 1;

const ARRAYS: Readonly<
  Record<DataType, { new (length: number): TypedArray; new (buffer: ArrayBuffer): TypedArray }>
> = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  bool: Uint8Array,
};

/**
 * @param path named in errors
 * @throws ONNX_READ when the bytes are not a model, or use a part of the format that Espalier does not handle
 *   (subgraphs, sparse or external tensors)
 */
export function decodeModel(bytes: Uint8Array, path = 'the model'): OnnxModel {
  let proto: ModelProto;
  try {
    proto = fromBinary(ModelProtoSchema, bytes);
  } catch (cause) {
    return fail('ONNX_READ', { path, reason: 'it is not an ONNX model, or it is cut off' }, cause);
  }
  if (proto.graph === undefined) return fail('ONNX_READ', { path, reason: 'it holds no graph' });
  return {
    irVersion: Number(proto.irVersion),
    opsets: Object.fromEntries(proto.opsetImport.map((o) => [o.domain, Number(o.version)])),
    producer: proto.producerName,
    metadata: Object.fromEntries(proto.metadataProps.map((p) => [p.key, p.value])),
    graph: decodeGraph(proto.graph, path),
  };
}

function decodeGraph(graph: GraphProto, path: string): OnnxModel['graph'] {
  return {
    name: graph.name,
    nodes: graph.node.map((n, i) => decodeNode(n, i, path)),
    initializers: new Map(graph.initializer.map((t) => [t.name, decodeTensor(t, path)])),
    inputs: graph.input.map((v) => decodeValue(v, path)),
    outputs: graph.output.map((v) => decodeValue(v, path)),
  };
}

function decodeNode(node: NodeProto, index: number, path: string): OnnxNode {
  const name = node.name === '' ? `${node.opType}_${index}` : node.name;
  return {
    name,
    op: node.opType,
    domain: node.domain === 'ai.onnx' ? '' : node.domain,
    inputs: node.input,
    outputs: node.output,
    attributes: Object.fromEntries(node.attribute.map((a) => [a.name, decodeAttribute(a, name, path)])),
  };
}

function decodeAttribute(a: AttributeProto, node: string, path: string): Attribute {
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
      if (a.t !== undefined) return { type: 'tensor', value: decodeTensor(a.t, path) };
  }
  return fail('ONNX_READ', {
    path,
    reason: `attribute "${a.name}" of node "${node}" is of the kind ${a.type}`,
  });
}

function dataType(code: number, what: string, path: string): DataType {
  const found = (Object.keys(ONNX_TYPE) as DataType[]).find((t) => ONNX_TYPE[t] === code);
  return found ?? fail('ONNX_READ', { path, reason: `${what} has the element type ${code}` });
}

function decodeTensor(t: TensorProto, path: string): Tensor {
  const dtype = dataType(t.dataType, `tensor "${t.name}"`, path);
  if (t.dataLocation === EXTERNAL) {
    return fail('ONNX_READ', { path, reason: `the data of tensor "${t.name}" lies in another file` });
  }
  const shape = t.dims.map(Number);
  const length = shape.reduce((a, b) => a * b, 1);
  const ArrayType = ARRAYS[dtype];
  const data = t.rawData.length > 0 ? new ArrayType(t.rawData.slice().buffer) : typedData(t, dtype, length);
  if (data.length !== length) {
    return fail('ONNX_READ', {
      path,
      reason: `tensor "${t.name}" holds ${data.length} elements, not ${length}`,
    });
  }
  return { dtype, shape, data };
}

/** Data in the field of its type rather than as raw bytes. */
function typedData(t: TensorProto, dtype: DataType, length: number): TypedArray {
  if (dtype === 'int64') return BigInt64Array.from(t.int64Data);
  const data = new ARRAYS[dtype](length) as Exclude<TypedArray, BigInt64Array>;
  data.set(dtype === 'float32' ? t.floatData : dtype === 'float64' ? t.doubleData : t.int32Data);
  return data;
}

function decodeValue(value: ValueInfoProto, path: string): ValueInfo {
  const type = value.type?.value;
  if (type?.case !== 'tensorType')
    return fail('ONNX_READ', { path, reason: `value "${value.name}" is not a tensor` });
  const dims = type.value.shape?.dim ?? [];
  return {
    name: value.name,
    dtype: dataType(type.value.elemType, `value "${value.name}"`, path),
    shape: dims.map((d, i) => {
      if (d.value.case === 'dimValue') return Number(d.value.value);
      return d.value.case === 'dimParam' ? d.value.value : `unknown${i}`;
    }),
  };
}
