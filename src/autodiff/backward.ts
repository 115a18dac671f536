/** Reverse-mode differentiation of an ONNX graph: gradients of one scalar with respect to chosen values. */
import { fail } from '../errors.ts';
import { float32 } from '../onnx/graph-builder.ts';
import type { OnnxNode } from '../onnx/model.ts';
import { type Arithmetic, staticShape } from './arithmetic.ts';
import { GRADIENT_RULES } from './rules/index.ts';

export interface GradientOptions {
  /** Values that no gradient flows through. */
  readonly stopped?: ReadonlySet<string>;
  /** Told of every gradient as it is emitted: of input `index` of `node`. */
  readonly observe?: (node: OnnxNode, index: number, gradient: string) => void;
}

/**
 * Emits the backward graph.
 *
 * @param nodes the forward nodes in topological order, already in the builder
 * @param loss a scalar value
 * @param wanted values whose gradients are asked for
 * @returns the gradient value of each wanted value; null where the loss does not depend on it
 * @throws NO_GRADIENT when a needed operator has no rule
 */
export function gradients(
  m: Arithmetic,
  nodes: readonly OnnxNode[],
  loss: string,
  wanted: readonly string[],
  options: GradientOptions = {},
): ReadonlyMap<string, string | null> {
  // Only values that depend on a wanted value carry gradients.
  const active = new Set(wanted);
  for (const node of nodes) {
    if (!node.inputs.some((i) => active.has(i))) continue;
    for (const o of node.outputs) if (!options.stopped?.has(o)) active.add(o);
  }
  const parts = new Map<string, string[]>([
    [loss, [m.g.constant(float32([1], staticShape(m.g.shape(loss))))]],
  ]);
  const collected = (value: string): string | null => {
    const list = parts.get(value);
    if (list === undefined) return null;
    const total = list.reduce((a, b) => m.add(a, b));
    parts.set(value, [total]);
    return total;
  };

  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i]!;
    if (!node.outputs.some((o) => active.has(o))) continue;
    const outputs = node.outputs.map((o) => (o === '' ? null : collected(o)));
    if (outputs.every((o) => o === null)) continue;
    const rule = GRADIENT_RULES[node.op] ?? fail('NO_GRADIENT', { op: node.op, node: node.name });
    const results = rule({
      m,
      node,
      gradients: outputs,
      needs: (index) => active.has(node.inputs[index] ?? ''),
      shape: (value) => staticShape(m.g.shape(value)),
      get dy() {
        return outputs[0] ?? fail('NO_GRADIENT', { op: `${node.op} (second output)`, node: node.name });
      },
    });
    results.forEach((gradient, index) => {
      const input = node.inputs[index]!;
      if (gradient === null || !active.has(input)) return;
      options.observe?.(node, index, gradient);
      const list = parts.get(input);
      if (list) list.push(gradient);
      else parts.set(input, [gradient]);
    });
  }
  return new Map(wanted.map((value) => [value, collected(value)]));
}
