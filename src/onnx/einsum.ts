/** Einstein summation (ONNX Einsum): one letter for each axis. */
export interface EinsumEquation {
  /** The letters of each operand, in order. */
  readonly inputs: readonly string[];
  readonly output: string;
}

/** Null for an ellipsis. Without an arrow the output is the letters that occur once, in alphabetical order. */
export function parseEinsum(equation: string): EinsumEquation | null {
  const text = equation.replaceAll(' ', '');
  if (text.includes('.')) return null;
  const [left, right] = text.split('->') as [string, string?];
  const inputs = left.split(',');
  const all = [...inputs.join('')];
  const once = all.filter((letter) => all.indexOf(letter) === all.lastIndexOf(letter)).sort();
  return { inputs, output: right ?? once.join('') };
}
