import type { OnnxModel, Tensor } from './model.ts';
import { SHAPE_RULES, type ValueType } from './shape-rules.ts';

/**
 * The types of values as far as they can be known: beyond an operator without a rule nothing is, but what the graph says of
 * its outputs. @throws SHAPE where an operator does not fit
 */
export function valueTypes({ graph }: OnnxModel): Map<string, ValueType> {
  const types = new Map<string, ValueType>();
  const constants = new Map<string, Tensor>(graph.initializers);
  for (const [name, { dtype, shape }] of graph.initializers) types.set(name, { dtype, shape });
  for (const { name, dtype, shape } of graph.inputs) types.set(name, { dtype, shape });
  for (const node of graph.nodes) {
    const value = node.attributes.value;
    if (node.op === 'Constant' && value?.type === 'tensor') constants.set(node.outputs[0]!, value.value);
    if (node.inputs.some((name) => name !== '' && !types.has(name))) continue;
    const found = SHAPE_RULES[node.op]?.({
      op: node.op,
      name: node.name,
      inputs: node.inputs.map((name) => types.get(name) ?? null),
      attributes: node.attributes,
      constant: (index) => constants.get(node.inputs[index] ?? '') ?? null,
      outputCount: node.outputs.length,
    });
    for (const [i, name] of node.outputs.entries()) if (found?.[i]) types.set(name, found[i]);
  }
  for (const { name, dtype, shape, unranked } of graph.outputs)
    if (!types.has(name) && !unranked && shape.every((length, i) => i === 0 || typeof length === 'number'))
      types.set(name, { dtype, shape });
  return types;
}
