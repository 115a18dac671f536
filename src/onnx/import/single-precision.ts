/** Models in half, brain or double precision, as models that compute in float32: the precision that training runs in. */
import { fromBfloat16, toBfloat16 } from '../bfloat16.ts';
import { isFloat, ONNX_TYPE } from '../element-type.ts';
import { fromFloat16, toFloat16 } from '../float16.ts';
import type { Attribute, DataType, OnnxModel, OnnxNode, Tensor, ValueInfo } from '../model.ts';

const isOther = (dtype: DataType): boolean => isFloat(dtype) && dtype !== 'float32';

/** The tensor as float32 where it is of another float type. */
export function toSingle(tensor: Tensor): Tensor {
  if (!isOther(tensor.dtype)) return tensor;
  return { dtype: 'float32', shape: tensor.shape, data: singles(tensor) };
}

function singles({ dtype, data }: Tensor): Float32Array {
  if (dtype === 'float16') return fromFloat16(data as Uint16Array);
  if (dtype === 'bfloat16') return fromBfloat16(data as Uint16Array);
  return Float32Array.from(data as Float64Array);
}

/** Trained values in the type that their tensor had: rounded where that has 16 bits. */
export function fromSingle(tensor: Tensor, dtype: DataType): Tensor {
  const data = tensor.data as Float32Array;
  if (dtype === 'float16') return { ...tensor, dtype, data: toFloat16(data) };
  if (dtype === 'bfloat16') return { ...tensor, dtype, data: toBfloat16(data) };
  if (dtype === 'float64') return { ...tensor, dtype, data: Float64Array.from(data) };
  return tensor;
}

/** Attributes that name the element type of a result. */
const TYPE_ATTRIBUTES = new Set(['to', 'dtype', 'output_dtype']);
const OTHER_NUMBERS = new Set<number>([ONNX_TYPE.float16, ONNX_TYPE.bfloat16, ONNX_TYPE.float64]);

/** The same model with every float16, bfloat16 and float64, of weights, inputs and casts, as float32. */
export function inSinglePrecision(model: OnnxModel): OnnxModel {
  const { graph } = model;
  const value = (info: ValueInfo): ValueInfo => (isOther(info.dtype) ? { ...info, dtype: 'float32' } : info);
  return {
    ...model,
    graph: {
      ...graph,
      inputs: graph.inputs.map(value),
      outputs: graph.outputs.map(value),
      initializers: new Map([...graph.initializers].map(([name, tensor]) => [name, toSingle(tensor)])),
      nodes: graph.nodes.map(nodeInSingle),
    },
  };
}

function nodeInSingle(node: OnnxNode): OnnxNode {
  const entries = Object.entries(node.attributes);
  const changed = entries.map(([name, attribute]): [string, Attribute] => {
    if (attribute.type === 'tensor') return [name, { type: 'tensor', value: toSingle(attribute.value) }];
    const namesType = attribute.type === 'int' && TYPE_ATTRIBUTES.has(name);
    return namesType && OTHER_NUMBERS.has(attribute.value)
      ? [name, { type: 'int', value: ONNX_TYPE.float32 }]
      : [name, attribute];
  });
  return { ...node, attributes: Object.fromEntries(changed) };
}
