/** Brings models of older operator sets to the first one that can say a scale for each channel. */
import { fail } from '../errors.ts';
import { int64 } from '../onnx/graph-builder.ts';
import type { OnnxModel, OnnxNode, Tensor } from '../onnx/model.ts';
import { intsAttribute } from '../onnx/shape-rules.ts';
import { freshNames, indexGraph, withNodes } from './graph.ts';

/** QuantizeLinear takes an axis from here on. */
const NEEDED = 13;
/** Below it operators differ in more than form. */
const OLDEST = 9;

/** Mean the same in operator sets 9 to 13, or are rewritten by `prepareModel`. */
const UNCHANGED: ReadonlySet<string> = new Set([
  'Add',
  'AveragePool',
  'BatchNormalization',
  'Cast',
  'Clip',
  'Concat',
  'Constant',
  'ConstantOfShape',
  'Conv',
  'ConvTranspose',
  'Div',
  'Dropout',
  'Exp',
  'Expand',
  'Flatten',
  'Gather',
  'GRU',
  'Gemm',
  'GlobalAveragePool',
  'GlobalMaxPool',
  'HardSigmoid',
  'Identity',
  'InstanceNormalization',
  'LeakyRelu',
  'LRN',
  'LSTM',
  'MatMul',
  'MaxPool',
  'Mul',
  'PRelu',
  'RNN',
  'ReduceMean',
  'Relu',
  'Reshape',
  'Shape',
  'Sigmoid',
  'Softplus',
  'Sub',
  'Sum',
  'Tanh',
  'Transpose',
]);
/** Axes moved from an attribute to an input. */
const AXES_INPUT: ReadonlySet<string> = new Set(['Squeeze', 'Unsqueeze', 'ReduceSum']);

/** @throws NOT_QUANTISABLE when an operator changed its meaning in between */
export function modernOpset(model: OnnxModel): OnnxModel {
  const version = model.opsets[''] ?? model.opsets['ai.onnx'] ?? 0;
  if (version >= NEEDED) return model;
  const refuse = (what: string): never =>
    fail('NOT_QUANTISABLE', {
      reason: `it is of operator set ${version}, older than ${NEEDED}, and ${what} cannot be carried over`,
    });
  if (version < OLDEST) refuse('its operators');
  const fresh = freshNames(model.graph);
  const index = indexGraph(model.graph);
  const constants: [string, Tensor][] = [];
  const nodes = model.graph.nodes.map((node): OnnxNode => {
    if (UNCHANGED.has(node.op) || node.domain !== '') return node;
    if (AXES_INPUT.has(node.op)) {
      const axes = intsAttribute(node.attributes, 'axes');
      if (axes === null) return node;
      const name = fresh(`${node.name}/axes`);
      constants.push([name, int64(axes)]);
      const { axes: _, ...attributes } = node.attributes;
      return { ...node, inputs: [node.inputs[0]!, name], attributes };
    }
    // Of a matrix, the old form (everything from axis 1 on at once) and the new one are the same.
    const producer = index.producers.get(node.inputs[0]!)?.op;
    if (node.op === 'Softmax' && (producer === 'Gemm' || producer === 'Flatten'))
      return { ...node, attributes: { axis: { type: 'int', value: 1 } } };
    return refuse(`the operator ${node.op} (node "${node.name}")`);
  });
  return { ...withNodes(model, nodes, constants), opsets: { ...model.opsets, '': NEEDED } };
}
