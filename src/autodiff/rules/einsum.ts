/**
 * Gradient of Einstein summation: of each operand it is the same sum with that operand and the output in swapped roles.
 */
import { fail } from '../../errors.ts';
import { parseEinsum } from '../../onnx/einsum.ts';
import { str } from '../../onnx/graph-builder.ts';
import { stringAttribute } from '../../onnx/shape-rules.ts';
import type { GradientContext, GradientRule } from '../rule.ts';

export const einsum: GradientRule = (c) => {
  const equation = parseEinsum(stringAttribute(c.node.attributes, 'equation', ''));
  const isSimple = (letters: string): boolean => new Set(letters).size === letters.length;
  if (equation === null || !equation.inputs.every(isSimple))
    return fail('NO_GRADIENT', { op: 'Einsum (ellipsis or diagonal)', node: c.node.name });
  return equation.inputs.map((letters, i) => (c.needs(i) ? ofOperand(c, equation, letters, i) : null));
};

function ofOperand(
  c: GradientContext,
  { inputs, output }: { readonly inputs: readonly string[]; readonly output: string },
  letters: string,
  index: number,
): string {
  const { m, node } = c;
  const others = inputs.filter((_, i) => i !== index);
  const values = node.inputs.filter((_, i) => i !== index);
  // An axis that only this operand has was summed away: its elements share one gradient.
  const isThere = (letter: string): boolean => [output, ...others].some((l) => l.includes(letter));
  const found = [...letters].filter(isThere).join('');
  const gradient = m.g.op('Einsum', [c.dy, ...values], {
    equation: str(`${[output, ...others].join(',')}->${found}`),
  });
  const shape = c.shape(node.inputs[index]!);
  const kept = [...letters].map((letter, axis) => (isThere(letter) ? shape[axis]! : 1));
  return m.expand(m.reshape(gradient, kept), shape);
}
