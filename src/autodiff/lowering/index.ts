/** Lowering: every training operator of a graph replaced by operators that ONNX Runtime executes. */
import { createGraphBuilder } from '../../onnx/graph-builder.ts';
import type { OnnxModel, OnnxNode } from '../../onnx/model.ts';
import type { Shape } from '../../onnx/shape-rules.ts';
import { arithmetic, staticShape } from '../arithmetic.ts';
import { TRAINING_DOMAIN, type TrainingOperator } from '../training-operators.ts';
import { BLOCKED_HANDLERS } from './blocked.ts';
import { type FusionPlan, planFusion } from './fusion.ts';
import { createLayouts, type Layouts } from './layouts.ts';
import { PLAIN_LOWERINGS } from './plain.ts';
import { type LoweringTarget, PLAIN } from './target.ts';

/**
 * @param shapeOf shape of any value of the model
 * @returns an equal model without operators of the training domain
 */
export function lower(
  model: OnnxModel,
  shapeOf: (value: string) => Shape,
  target: LoweringTarget = PLAIN,
): OnnxModel {
  const { graph } = model;
  const outputs = new Set(graph.outputs.map((o) => o.name));
  const g = createGraphBuilder({ name: graph.name, reserved: outputs, shareEqualNodes: true });
  const shape = (value: string): readonly number[] => staticShape(shapeOf(value));
  const layouts = createLayouts(arithmetic(g), target.kind === 'blocked' ? target.block : 1, shape);
  for (const input of graph.inputs)
    layouts.setPlain(input.name, g.input(input.name, input.dtype, input.shape));
  for (const [name, tensor] of graph.initializers) layouts.setPlain(name, g.initializer(name, tensor));
  if (target.kind === 'plain') for (const node of graph.nodes) emitPlain(layouts, node);
  else emitBlocked(layouts, graph.nodes, planFusion(graph, shape));
  for (const output of graph.outputs) g.output(layouts.plain(output.name), output.name);
  return g.build({ metadata: model.metadata });
}

function emitPlain(l: Layouts, node: OnnxNode): void {
  const inputs = node.inputs.map((i) => (i === '' ? '' : l.plain(i)));
  const { name, domain, attributes, outputs } = node;
  const values =
    domain === TRAINING_DOMAIN
      ? PLAIN_LOWERINGS[node.op as TrainingOperator](l.m, node, inputs)
      : l.m.g.node(node.op, inputs, { name, domain, attributes, outputs: outputs.length });
  outputs.forEach((output, i) => {
    if (output !== '') l.setPlain(output, values[i]!);
  });
}

function emitBlocked(l: Layouts, nodes: readonly OnnxNode[], plan: FusionPlan): void {
  const waiting = new Map([...plan.at].map(([node, place]) => [place, node]));
  for (const node of nodes) {
    const due = waiting.get(node);
    if (due) emitFused(l, due, plan, nodes);
    else if (!plan.absorbed.has(node) && !plan.at.has(node)) emitFused(l, node, plan, nodes);
  }
}

/** A node with what it absorbs; when the blocked kernels decline, all of them one by one. */
function emitFused(l: Layouts, node: OnnxNode, plan: FusionPlan, nodes: readonly OnnxNode[]): void {
  const alone = { sum: null, activation: {}, keepsInput: true, factorApart: false, output: node.outputs[0]! };
  const fusion = plan.fusion.get(node) ?? alone;
  if (BLOCKED_HANDLERS[node.op]?.(l, node, fusion)) return;
  emitPlain(l, node);
  for (let value = node.outputs[0]!; value !== fusion.output; ) {
    const next = nodes.find((n) => plan.absorbed.has(n) && n.inputs.includes(value))!;
    if (!BLOCKED_HANDLERS[next.op]?.(l, next, { ...alone, output: next.outputs[0]! })) emitPlain(l, next);
    value = next.outputs[0]!;
  }
}
