import { expect, test } from 'vitest';
import { describeMachine, instructionSets, quotaCores } from './machine.ts';

test('instruction sets of x86 and ARM', () => {
  const x86 =
    'processor\t: 0\nflags\t\t: fpu sse4_2 avx avx2 fma avx512f avx512_vnni other\n\nprocessor\t: 1\nflags\t\t: fpu\n';
  expect(instructionSets(x86)).toEqual(['sse4_2', 'avx', 'fma', 'avx2', 'avx512f', 'avx512_vnni']);
  expect(instructionSets('BogoMIPS\t: 50\nFeatures\t: fp asimd asimddp i8mm\n')).toEqual([
    'asimd',
    'asimddp',
    'i8mm',
  ]);
  expect(instructionSets('')).toEqual([]);
});

test('container quotas', () => {
  expect(quotaCores('200000 100000\n')).toBe(2);
  expect(quotaCores('50000 100000\n')).toBe(1);
  expect(quotaCores('max 100000\n')).toBe(Infinity);
  expect(quotaCores('')).toBe(Infinity);
});

test('this machine', () => {
  const machine = describeMachine();
  expect(machine.usableCores).toBeGreaterThanOrEqual(1);
  expect(machine.usableCores).toBeLessThanOrEqual(machine.cores);
  expect(machine.usableMemoryBytes).toBeGreaterThan(2 ** 28);
  expect(machine.usableMemoryBytes).toBeLessThanOrEqual(machine.memoryBytes);
  expect(machine.processor).not.toBe('');
});
