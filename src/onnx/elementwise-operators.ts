/**
 * The operators that treat every element alike (numpy broadcasting of their inputs), with what they make of zeros: any
 * layout of the elements in memory will do for them, also one that is filled up with zeros.
 */

/** The result where all inputs are zero: zero, another number, or perhaps none (infinite, NaN). */
export type AtZero = 'zero' | 'finite' | 'infinite';

export const ELEMENTWISE_OPERATORS = {
  // Arithmetic
  Add: 'zero',
  Sub: 'zero',
  Mul: 'zero',
  Div: 'infinite',
  Mod: 'infinite',
  Pow: 'infinite',
  Min: 'zero',
  Max: 'zero',
  Sum: 'zero',
  Mean: 'zero',
  Neg: 'zero',
  Abs: 'zero',
  Sign: 'zero',
  Floor: 'zero',
  Ceil: 'zero',
  Round: 'zero',
  Reciprocal: 'infinite',
  Sqrt: 'zero',
  Exp: 'finite',
  Log: 'infinite',
  Erf: 'zero',
  Sin: 'zero',
  Cos: 'finite',
  Tan: 'zero',
  Asin: 'zero',
  Acos: 'finite',
  Atan: 'zero',
  Sinh: 'zero',
  Cosh: 'finite',
  Asinh: 'zero',
  Acosh: 'infinite',
  Atanh: 'zero',
  Identity: 'zero',
  Where: 'finite',
  // Activations
  Relu: 'zero',
  LeakyRelu: 'zero',
  PRelu: 'zero',
  ThresholdedRelu: 'zero',
  Clip: 'finite',
  Sigmoid: 'finite',
  HardSigmoid: 'finite',
  HardSwish: 'zero',
  Tanh: 'zero',
  Elu: 'zero',
  Celu: 'zero',
  Selu: 'zero',
  Softplus: 'finite',
  Softsign: 'zero',
  Mish: 'zero',
  Gelu: 'zero',
} as const satisfies Readonly<Record<string, AtZero>>;

/** The same, with a truth value as result. */
export const ELEMENTWISE_PREDICATES = {
  Equal: 'finite',
  Greater: 'finite',
  GreaterOrEqual: 'finite',
  Less: 'finite',
  LessOrEqual: 'finite',
  And: 'finite',
  Or: 'finite',
  Xor: 'finite',
  Not: 'finite',
  IsNaN: 'finite',
  IsInf: 'finite',
} as const satisfies Readonly<Record<string, AtZero>>;
