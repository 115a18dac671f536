/** Equal layers, also of different networks, share one operator, so that what is derived from operators is derived once. */
import type { Operator } from './network.ts';

const operators = new Map<string, Operator>();
const MOST_OPERATORS = 20_000;

/** @param operator its attributes in the order of their declaration */
export function sharedOperator<O extends Operator>(operator: O): O {
  // The attributes of a kind have a fixed order and fixed lengths.
  const key = Object.values(operator).join();
  const found = operators.get(key);
  if (found !== undefined) return found as O;
  // Rates may take any value.
  if (operators.size >= MOST_OPERATORS) operators.clear();
  operators.set(key, operator);
  return operator;
}
