/** Einstein summation (ONNX Einsum): one letter for each axis. */
export interface EinsumEquation {
  /** The letters of each operand, in order. */
  readonly inputs: readonly string[];
  readonly output: string;
}

const ELLIPSIS = '...';
/** Letters that no equation holds: those of ONNX are a to z and A to Z. */
const unnamed = (count: number): string =>
  Array.from({ length: count }, (_, i) => String.fromCharCode(0x3b1 + i)).join('');

/**
 * The equation with letters for the axes that an ellipsis stands for: Greek ones, counted from the last axis, so that
 * operands of different ranks broadcast. Without an arrow the output is those, then the letters that occur once, in
 * alphabetical order.
 * @param ranks axes of each operand
 * @returns null where the operands are not as many, or an operand has not as many axes as its letters
 */
export function parseEinsum(equation: string, ranks: readonly number[]): EinsumEquation | null {
  const text = equation.replaceAll(' ', '');
  const [left, right] = text.split('->') as [string, string?];
  const terms = left.split(',');
  if (terms.length !== ranks.length) return null;
  const hidden = terms.map((term, i) =>
    term.includes(ELLIPSIS) ? ranks[i]! - term.length + ELLIPSIS.length : 0,
  );
  const all = unnamed(Math.max(0, ...hidden));
  const fill = (term: string, count: number): string =>
    term.replace(ELLIPSIS, all.slice(all.length - Math.max(0, count)));
  const inputs = terms.map((term, i) => fill(term, hidden[i]!));
  if (inputs.some((letters, i) => letters.includes('.') || letters.length !== ranks[i])) return null;
  const named = [...inputs.join('')].filter((letter) => !all.includes(letter));
  const once = named.filter((letter) => named.indexOf(letter) === named.lastIndexOf(letter)).sort();
  return { inputs, output: right === undefined ? all + once.join('') : fill(right, all.length) };
}
