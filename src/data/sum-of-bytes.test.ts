import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sumOfBytes } from './sum-of-bytes.ts';

test('equals adding byte by byte, at any place and length', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1500 }), fc.nat(3), fc.nat(1500), (bytes, from, length) => {
      const begin = Math.min(from, bytes.length);
      const part = bytes.subarray(begin, begin + length);
      expect(sumOfBytes(bytes, begin, part.length)).toBe(part.reduce((sum, byte) => sum + byte, 0));
    }),
  );
});

test('does not overflow where every byte is the largest', () => {
  expect(sumOfBytes(new Uint8Array(100_003).fill(255), 0, 100_003)).toBe(255 * 100_003);
});
