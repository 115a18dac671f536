import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  float,
  int,
  oneOf,
  optional,
  repeat,
  shared,
  struct,
  subset,
  type ValueOf,
  variant,
} from './choice.ts';
import { defineSpace } from './define-space.ts';

describe('choices', () => {
  it('give the type of their values', () => {
    const choices = struct({
      kernel: oneOf([3, 5, 7]),
      rate: float(0, 1),
      head: optional(struct({ units: int(8, 64, { step: 8 }) })),
      blocks: repeat(variant({ plain: struct({ width: oneOf([16, 32]) }), wide: oneOf(['a', 'b']) }), 1, 3),
      inputs: subset(['x', 'y']),
      activation: shared('activation', oneOf(['relu', 'silu'])),
    });
    expectTypeOf<ValueOf<typeof choices>>().branded.toEqualTypeOf<{
      readonly kernel: 3 | 5 | 7;
      readonly rate: number;
      readonly head: { readonly units: number } | null;
      readonly blocks: readonly (
        | { readonly kind: 'plain'; readonly width: 16 | 32 }
        | { readonly kind: 'wide'; readonly value: 'a' | 'b' }
      )[];
      readonly inputs: readonly ('x' | 'y')[];
      readonly activation: 'relu' | 'silu';
    }>();
  });

  it.each([
    ['no values', () => oneOf([])],
    ['a value twice', () => oneOf([1, 1])],
    ['NaN', () => oneOf([Number.NaN])],
    ['an empty integer range', () => int(3, 2)],
    ['a step of nothing', () => int(0, 2, { step: 0 })],
    ['a logarithm of zero', () => float(0, 1, { log: true })],
    ['ambiguous null', () => optional(oneOf([1, null]))],
    ['optional of optional', () => optional(shared('a', optional(int(0, 1))))],
    ['a backward repeat', () => repeat(int(0, 1), 3, 2)],
    ['more items than there are', () => subset([1, 2], { max: 3 })],
    ['the field kind in a variant', () => variant({ a: struct({ kind: int(0, 1) }) })],
    ['a name that breaks paths', () => struct({ 'a.b': int(0, 1) })],
    ['shared in shared', () => shared('a', struct({ x: shared('b', int(0, 1)) }))],
  ])('refuse %s', (_, make) => {
    expect(make).toThrow(/not well formed/);
  });

  it('refuse one shared name for two choices when a space is defined', () => {
    const choices = struct({ x: shared('a', int(0, 1)), y: shared('a', int(0, 2)) });
    const build = () => ({ inputs: [], nodes: [], outputs: [] });
    expect(() => defineSpace({ name: 'x', description: '', choices, build })).toThrow(
      /two different choices/,
    );
  });
});
