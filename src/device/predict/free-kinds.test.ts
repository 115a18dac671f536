import { expect, test } from 'vitest';
import { freeKinds } from './free-kinds.ts';

test('an operator that costs nothing behind another one is found, and what costs something elsewhere is not', () => {
  const samples = Array.from({ length: 20 }, (_, i) => ({
    ms: 1 + i,
    work: new Map([
      ['run', 1],
      ['Relu/moved', 30 + i],
      ['Relu: Relu after Conv/moved', 20],
      ['Relu: Relu after Add/moved', 10 + i],
      ['Mul/moved', 5],
      ['Mul: Mul after Sigmoid/moved', 5],
      ...(i === 0 ? ([['Relu: Relu after Concat/moved', 1]] as const) : []),
    ]),
  }));
  const coefficients = { run: 0.1, 'Relu: Relu after Add/moved': 0.01, 'Mul/moved': 0.01 };
  // `Relu after Concat` was seen once only.
  expect(freeKinds(coefficients, samples)).toEqual(['Relu after Conv']);
});
