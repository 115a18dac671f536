/** Finds sums and activations that the blocked kernels compute in the same pass as the node before. */
import { str } from '../../onnx/graph-builder.ts';
import type { Attributes, OnnxModel, OnnxNode } from '../../onnx/model.ts';
import { sameShape } from '../arithmetic.ts';
import { takeFactorApart } from './channel-factor.ts';
import { convolutionAttributes } from './convolution-attributes.ts';
import type { Fusion } from './handler.ts';
import { isPlainConvolution } from './input-gradient.ts';

/** Operators whose blocked form takes a sum and an activation. */
const FORWARD = new Set(['BatchNormTraining', 'Conv']);

/** Whether the blocked form of an operator takes a sum: gradients that meet where an image was read more than once. */
function takesSum(node: OnnxNode, shapeOf: (value: string) => readonly number[]): boolean {
  if (FORWARD.has(node.op) || node.op === 'BatchNormGradient') return true;
  if (node.op !== 'ConvInputGradient') return false;
  return isPlainConvolution(convolutionAttributes(node.attributes, shapeOf(node.inputs[1]!).slice(2)));
}

type Graph = OnnxModel['graph'];

export interface FusionPlan {
  readonly fusion: ReadonlyMap<OnnxNode, Fusion>;
  /** Nodes that another one computes. */
  readonly absorbed: ReadonlySet<OnnxNode>;
  /** Where a node moves: it is emitted when this one is reached (its sum must be there already). */
  readonly at: ReadonlyMap<OnnxNode, OnnxNode>;
}

/**
 * A node whose only reader is an Add of equal shape takes the other addend as its sum; a following Relu or Clip
 * that is the only reader then is its activation. The node is moved to where the last absorbed one stood.
 */
export function planFusion(graph: Graph, shapeOf: (value: string) => readonly number[]): FusionPlan {
  const { nodes } = graph;
  const outputs = new Set(graph.outputs.map((o) => o.name));
  const readers = new Map<string, OnnxNode[]>();
  for (const node of nodes) {
    for (const input of node.inputs) {
      const list = readers.get(input);
      if (list) list.push(node);
      else readers.set(input, [node]);
    }
  }
  const onlyReader = (value: string): OnnxNode | null => {
    const list = readers.get(value) ?? [];
    return list.length === 1 && !outputs.has(value) ? list[0]! : null;
  };
  const place = new Map(nodes.map((node, i) => [node, i]));
  /** Whether all that a node makes besides its first output is read behind `target` only. */
  const mayMove = (node: OnnxNode, target: OnnxNode): boolean =>
    node.outputs
      .slice(1)
      .every((o) => (readers.get(o) ?? []).every((reader) => place.get(reader)! > place.get(target)!));
  const fusion = new Map<OnnxNode, Fusion>();
  const absorbed = new Set<OnnxNode>();
  const at = new Map<OnnxNode, OnnxNode>();
  for (const node of nodes) {
    if (!takesSum(node, shapeOf)) continue;
    let output = node.outputs[0]!;
    let sum: string | null = null;
    let activation: Attributes | null = null;
    let last: OnnxNode | null = null;
    let next = onlyReader(output);
    if (
      next?.op === 'Add' &&
      mayMove(node, next) &&
      next.inputs.every((i) => sameShape(shapeOf(i), shapeOf(output))) &&
      !absorbed.has(next)
    ) {
      const other = next.inputs[0] === output ? next.inputs[1]! : next.inputs[0]!;
      if (other !== output) {
        sum = other;
        absorbed.add(next);
        last = next;
        output = next.outputs[0]!;
        next = onlyReader(output);
      }
    }
    if (next !== null && FORWARD.has(node.op)) activation = activationOf(next, graph);
    if (next !== null && activation !== null) {
      absorbed.add(next);
      last = next;
      output = next.outputs[0]!;
    }
    const factorApart =
      sum === null && !outputs.has(output) && takeFactorApart(node, readers.get(output) ?? [], shapeOf);
    const here = place.get(last ?? node)!;
    const keepsInput =
      outputs.has(node.inputs[0]!) ||
      readers.get(node.inputs[0]!)!.some((reader) => place.get(reader)! > here);
    fusion.set(node, { sum, activation: activation ?? {}, keepsInput, factorApart, output });
    if (last) at.set(node, last);
  }
  return { fusion, absorbed, at };
}

/** How the kernels name an activation; null for those that they lack, or that leave no zero at zero. */
function activationOf(node: OnnxNode, graph: Graph): Attributes | null {
  if (node.op === 'Relu') return { activation: str('Relu') };
  if (node.op !== 'Clip') return null;
  const [low, high] = [1, 2].map((i) => Number(graph.initializers.get(node.inputs[i] ?? '')?.data[0]));
  return low! <= 0 && high! >= 0
    ? { activation: str('Clip'), activation_params: { type: 'floats', value: [low!, high!] } }
    : null;
}
