/**
 * Gradient of Einstein summation: of each operand it is the same sum with that operand and the output in swapped roles.
 */
import { fail } from '../../errors.ts';
import { type EinsumEquation, parseEinsum } from '../../onnx/einsum.ts';
import { str } from '../../onnx/graph-builder.ts';
import { stringAttribute } from '../../onnx/shape-rules.ts';
import type { GradientContext, GradientRule } from '../rule.ts';

export const einsum: GradientRule = (c) => {
  // The shape rule has found it to fit.
  const equation = plainLetters(
    parseEinsum(
      stringAttribute(c.node.attributes, 'equation', ''),
      c.node.inputs.map((x) => c.shape(x).length),
    )!,
  );
  const isSimple = (letters: string): boolean => new Set(letters).size === letters.length;
  if (!equation.inputs.every(isSimple))
    return fail('NO_GRADIENT', { op: 'Einsum (diagonal)', node: c.node.name });
  return equation.inputs.map((letters, i) => (c.needs(i) ? ofOperand(c, equation, letters, i) : null));
};

/** With letters of ONNX for those that stand for an ellipsis. */
function plainLetters({ inputs, output }: EinsumEquation): EinsumEquation {
  const all = [...new Set([...inputs, output].join(''))];
  const rename = (letters: string): string =>
    [...letters].map((letter) => String.fromCharCode(0x61 + all.indexOf(letter))).join('');
  return { inputs: inputs.map(rename), output: rename(output) };
}

function ofOperand(
  c: GradientContext,
  { inputs, output }: { readonly inputs: readonly string[]; readonly output: string },
  letters: string,
  index: number,
): string {
  const { m, node } = c;
  const others = inputs.filter((_, i) => i !== index);
  const values = node.inputs.filter((_, i) => i !== index);
  const shape = c.shape(node.inputs[index]!);
  // An axis that only this operand has was summed away: its elements share one gradient. Over one of a single element,
  // which others may have broadcast, the gradient is summed.
  const isKept = (letter: string, axis: number): boolean =>
    shape[axis] !== 1 && [output, ...others].some((l) => l.includes(letter));
  const found = [...letters].filter(isKept).join('');
  const gradient = m.g.op('Einsum', [c.dy, ...values], {
    equation: str(`${[output, ...others].join(',')}->${found}`),
  });
  const kept = [...letters].map((letter, axis) => (isKept(letter, axis) ? shape[axis]! : 1));
  return m.expand(m.reshape(gradient, kept), shape);
}
