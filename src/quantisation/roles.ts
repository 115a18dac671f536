/**
 * What each operator does when it runs in integers: the operators for which ONNX Runtime's CPU provider has an integer
 * kernel (its `QLinear*` operators and those that only move numbers), and the conditions of these kernels.
 */
import type { OnnxNode } from '../onnx/model.ts';
import { floatAttribute, intAttribute, stringAttribute } from '../onnx/shape-rules.ts';
import type { GraphIndex } from './graph.ts';

export type Role =
  /** Product with constant weights. */
  | 'layer'
  /** Arithmetic of two operands, either of which may be constant. */
  | 'pointwise'
  | 'pool'
  | 'concat'
  /** Moves or selects numbers: input and output share their scale. */
  | 'pass'
  /** A function of one tensor by a table of 256 values, whose results lie in 0..1. */
  | 'sigmoid'
  | 'hardSigmoid'
  /** ReLU or Clip from 0. */
  | 'rectifier';

interface RoleRule {
  readonly role: Role;
  /** Why this node cannot run in integers, or null. */
  readonly refuse?: (node: OnnxNode, graph: GraphIndex) => string | null;
}

const NOT_CONSTANT = 'its weights are not constant';

const conv = (node: OnnxNode, graph: GraphIndex): string | null => {
  if (graph.constant(node.inputs[1]) === null) return NOT_CONSTANT;
  return node.inputs[2] && graph.constant(node.inputs[2]) === null ? 'its bias is not constant' : null;
};

const gemm = (node: OnnxNode, graph: GraphIndex): string | null => {
  const weight = graph.constant(node.inputs[1]);
  if (weight === null) return NOT_CONSTANT;
  const plain =
    intAttribute(node.attributes, 'transA', 0) === 0 &&
    floatAttribute(node.attributes, 'alpha', 1) === 1 &&
    floatAttribute(node.attributes, 'beta', 1) === 1;
  if (!plain) return 'it scales or transposes its input';
  if (!node.inputs[2]) return null;
  const outputs = weight.shape[intAttribute(node.attributes, 'transB', 0) === 1 ? 0 : 1];
  const bias = graph.constant(node.inputs[2]);
  return bias?.shape.length === 1 && bias.shape[0] === outputs ? null : 'its bias is not a constant vector';
};

const matMul = (node: OnnxNode, graph: GraphIndex): string | null => {
  const weight = graph.constant(node.inputs[1]);
  if (weight === null) return NOT_CONSTANT;
  return weight.shape.length === 2 ? null : 'its weights are not a matrix';
};

const maxPool = (node: OnnxNode): string | null =>
  node.outputs.length > 1 ? 'the places of the maxima are wanted too' : null;

const averagePool = (node: OnnxNode): string | null =>
  intAttribute(node.attributes, 'ceil_mode', 0) === 1 ||
  stringAttribute(node.attributes, 'auto_pad', 'NOTSET') !== 'NOTSET'
    ? 'its rounding or padding has no integer kernel'
    : null;

const isZero = (graph: GraphIndex, name: string | undefined): boolean => {
  const bound = graph.constant(name);
  return bound?.data.length === 1 && bound.data[0] === 0;
};
const clip = (node: OnnxNode, graph: GraphIndex): string | null => {
  if (!isZero(graph, node.inputs[1])) return 'its lower bound is not 0';
  return node.inputs[2] && graph.constant(node.inputs[2]) === null ? 'its upper bound is not constant' : null;
};

const hardSigmoid = (node: OnnxNode): string | null =>
  floatAttribute(node.attributes, 'alpha', 0.2) > 0 ? null : 'its slope is not positive';

const RULES: Readonly<Record<string, RoleRule>> = {
  Conv: { role: 'layer', refuse: conv },
  Gemm: { role: 'layer', refuse: gemm },
  MatMul: { role: 'layer', refuse: matMul },
  Add: { role: 'pointwise' },
  Mul: { role: 'pointwise' },
  GlobalAveragePool: { role: 'pool' },
  AveragePool: { role: 'pool', refuse: averagePool },
  Concat: { role: 'concat' },
  MaxPool: { role: 'pass', refuse: maxPool },
  Reshape: { role: 'pass' },
  Flatten: { role: 'pass' },
  Squeeze: { role: 'pass' },
  Unsqueeze: { role: 'pass' },
  Transpose: { role: 'pass' },
  Sigmoid: { role: 'sigmoid' },
  HardSigmoid: { role: 'hardSigmoid', refuse: hardSigmoid },
  Relu: { role: 'rectifier' },
  Clip: { role: 'rectifier', refuse: clip },
};

/** The role of a node, or the reason why it has none. */
export function roleOf(
  node: OnnxNode,
  graph: GraphIndex,
): { readonly role: Role } | { readonly reason: string } {
  const rule = node.domain === '' ? RULES[node.op] : undefined;
  if (rule === undefined) return { reason: `there is no integer kernel for ${node.op}` };
  const reason = rule.refuse?.(node, graph) ?? null;
  return reason === null ? { role: rule.role } : { reason };
}

/** Which inputs carry activations: all of some operators, the first of the rest. */
export function activationInputs(node: OnnxNode, role: Role): readonly string[] {
  return role === 'pointwise' || role === 'concat' ? node.inputs : node.inputs.slice(0, 1);
}
