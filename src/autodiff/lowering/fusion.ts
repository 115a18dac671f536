/** Finds Add and Relu nodes that the blocked kernels compute in the same pass as the node before. */
import type { OnnxNode } from '../../onnx/model.ts';
import type { Fusion } from './handler.ts';

/** Operators whose blocked form takes a sum and an activation. */
const FUSES = new Set(['BatchNormTraining', 'Conv']);

export interface FusionPlan {
  readonly fusion: ReadonlyMap<OnnxNode, Fusion>;
  /** Nodes that another one computes. */
  readonly absorbed: ReadonlySet<OnnxNode>;
  /** Where a node moves: it is emitted when this one is reached (its sum must be there already). */
  readonly at: ReadonlyMap<OnnxNode, OnnxNode>;
}

/**
 * A node whose only reader is an Add of equal shape takes the other addend as its sum; a following Relu that is the
 * only reader then is its activation. The node is moved to where the last absorbed one stood.
 */
export function planFusion(
  nodes: readonly OnnxNode[],
  outputs: ReadonlySet<string>,
  shapeOf: (value: string) => readonly number[],
): FusionPlan {
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
  const fusion = new Map<OnnxNode, Fusion>();
  const absorbed = new Set<OnnxNode>();
  const at = new Map<OnnxNode, OnnxNode>();
  for (const node of nodes) {
    if (!FUSES.has(node.op)) continue;
    let output = node.outputs[0]!;
    let sum: string | null = null;
    let relu = false;
    let last: OnnxNode | null = null;
    let next = onlyReader(output);
    // The statistics of a moved batch norm are read only by its gradient, later.
    if (
      next?.op === 'Add' &&
      next.inputs.every((i) => shapeOf(i).join() === shapeOf(output).join()) &&
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
    if (next?.op === 'Relu') {
      relu = true;
      absorbed.add(next);
      last = next;
      output = next.outputs[0]!;
    }
    fusion.set(node, { sum, relu, output });
    if (last) at.set(node, last);
  }
  return { fusion, absorbed, at };
}
