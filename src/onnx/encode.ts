/** Writes a model as ONNX protobuf bytes. */
import { create, toBinary } from '@bufbuild/protobuf';
import { ATTRIBUTE_TYPE } from './attribute-type.ts';
import type { Attribute, OnnxModel, OnnxNode, Tensor, ValueInfo } from './model.ts';
import {
  type AttributeProto,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from './onnx_pb.ts';
import { ONNX_TYPE } from './shape-rules.ts';

const text = new TextEncoder();

/** "To the end" is written as 2^63 − 1, which as a number is 2^63, one too many. */
const LARGEST_INT = 2n ** 63n - 1n;
const toInt64 = (value: number): bigint => (value >= Number(LARGEST_INT) ? LARGEST_INT : BigInt(value));

/**
 * The bytes of an `.onnx` file, as the ONNX standard has it (IR version and operator sets as the model says). Tensors
 * are written as raw little-endian data, all in the one file; protobuf ends at 2 GiB.
 */
export function encodeModel(model: OnnxModel): Uint8Array {
  const { graph } = model;
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: BigInt(model.irVersion),
      producerName: model.producer,
      opsetImport: Object.entries(model.opsets).map(([domain, version]) =>
        create(OperatorSetIdProtoSchema, { domain, version: BigInt(version) }),
      ),
      metadataProps: Object.entries(model.metadata).map(([key, value]) =>
        create(StringStringEntryProtoSchema, { key, value }),
      ),
      graph: create(GraphProtoSchema, {
        name: graph.name,
        node: graph.nodes.map(encodeNode),
        initializer: [...graph.initializers].map(([name, tensor]) => encodeTensor(tensor, name)),
        input: graph.inputs.map(encodeValue),
        output: graph.outputs.map(encodeValue),
      }),
    }),
  );
}

function encodeNode(node: OnnxNode): NodeProto {
  return create(NodeProtoSchema, {
    name: node.name,
    opType: node.op,
    domain: node.domain,
    input: [...node.inputs],
    output: [...node.outputs],
    attribute: Object.entries(node.attributes).map(([name, value]) => encodeAttribute(name, value)),
  });
}

function encodeAttribute(name: string, attribute: Attribute): AttributeProto {
  switch (attribute.type) {
    case 'int':
      return create(AttributeProtoSchema, { name, type: ATTRIBUTE_TYPE.int, i: toInt64(attribute.value) });
    case 'float':
      return create(AttributeProtoSchema, { name, type: ATTRIBUTE_TYPE.float, f: attribute.value });
    case 'string':
      return create(AttributeProtoSchema, {
        name,
        type: ATTRIBUTE_TYPE.string,
        s: text.encode(attribute.value),
      });
    case 'ints':
      return create(AttributeProtoSchema, {
        name,
        type: ATTRIBUTE_TYPE.ints,
        ints: attribute.value.map(toInt64),
      });
    case 'floats':
      return create(AttributeProtoSchema, {
        name,
        type: ATTRIBUTE_TYPE.floats,
        floats: [...attribute.value],
      });
    case 'strings':
      return create(AttributeProtoSchema, {
        name,
        type: ATTRIBUTE_TYPE.strings,
        strings: attribute.value.map((s) => text.encode(s)),
      });
    case 'tensor':
      return create(AttributeProtoSchema, {
        name,
        type: ATTRIBUTE_TYPE.tensor,
        t: encodeTensor(attribute.value, ''),
      });
  }
}

function encodeTensor({ dtype, shape, data }: Tensor, name: string): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dataType: ONNX_TYPE[dtype],
    dims: shape.map(BigInt),
    rawData: new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength),
  });
}

function encodeValue({ name, dtype, shape, unranked = false }: ValueInfo): ValueInfoProto {
  const dim = shape.map((d) =>
    create(TensorShapeProto_DimensionSchema, {
      value: typeof d === 'number' ? { case: 'dimValue', value: BigInt(d) } : { case: 'dimParam', value: d },
    }),
  );
  const tensor = create(TypeProto_TensorSchema, {
    elemType: ONNX_TYPE[dtype],
    ...(!unranked && { shape: create(TensorShapeProtoSchema, { dim }) }),
  });
  const type = create(TypeProtoSchema, { value: { case: 'tensorType', value: tensor } });
  return create(ValueInfoProtoSchema, { name, type });
}
