import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeModel } from '../onnx/encode.ts';
import { createGraphBuilder, float32 } from '../onnx/graph-builder.ts';
import { createRandom } from '../random.ts';
import { createSession } from '../runtime/session.ts';
import { type Affine, affineOf, quantiseTensor, quantiseValue, roundHalfEven } from './affine.ts';

const range = fc.record({
  low: fc.double({ min: -1e3, max: 0, noNaN: true }),
  high: fc.double({ min: 0.01, max: 1e3, noNaN: true }),
});
const format = fc.constantFrom(
  { dtype: 'uint8', symmetric: false } as const,
  { dtype: 'int8', symmetric: false } as const,
  { dtype: 'int8', symmetric: true } as const,
);

test('halves go to the even neighbour', () => {
  expect([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 1.4, -1.6].map(roundHalfEven)).toEqual([
    -2, -2, 0, 0, 2, 2, 1, -2,
  ]);
});

test('0 is exact, and what lies in the range is off by half a step at most', () => {
  fc.assert(
    fc.property(range, format, fc.double({ min: 0, max: 1, noNaN: true }), (r, f, share) => {
      const affine = affineOf(r, f);
      const back = (value: number): number =>
        (quantiseValue(value, affine) - affine.zeroPoint) * affine.scale;
      expect(back(0)).toBe(0);
      const value = r.low + share * (r.high - r.low);
      // The zero point is rounded too: an end of the range may lie half a step outside.
      expect(Math.abs(back(value) - value)).toBeLessThanOrEqual(affine.scale * 1.001);
      if (f.symmetric) expect(affine.zeroPoint).toBe(0);
    }),
  );
});

test('a range from 0 has zero point 0, so that its lower end is a ReLU', () => {
  expect(affineOf({ low: 0, high: 3 }, { dtype: 'uint8', symmetric: false })).toEqual({
    scale: Math.fround(3 / 255),
    zeroPoint: 0,
    dtype: 'uint8',
  });
  expect(affineOf({ low: 0, high: 0 }, { dtype: 'uint8', symmetric: false }).scale).toBe(1);
});

test.each([
  { scale: Math.fround(0.037), zeroPoint: 113, dtype: 'uint8' },
  { scale: Math.fround(0.5), zeroPoint: -3, dtype: 'int8' },
] as const satisfies Affine[])('tensors are quantised as ONNX Runtime does: $dtype', async (affine) => {
  const random = createRandom('affine');
  const data = Float32Array.from({ length: 1000 }, (_, i) =>
    i % 3 === 0 ? i * 0.25 - 125 : 4 * random.normal(),
  );
  const g = createGraphBuilder({ name: 'quantise' });
  g.input('x', 'float32', [1000]);
  const zero = affine.dtype === 'uint8' ? Uint8Array.of(affine.zeroPoint) : Int8Array.of(affine.zeroPoint);
  g.initializer('zero', { dtype: affine.dtype, shape: [], data: zero });
  g.initializer('scale', float32(affine.scale));
  g.output(g.op('QuantizeLinear', ['x', 'scale', 'zero']));
  const session = await createSession(encodeModel(g.build()));
  const x = { dtype: 'float32', shape: [1000], data } as const;
  const expected = (await session.run({ x }))[session.outputNames[0]!]!;
  await session.release();
  expect(Array.from(quantiseTensor(x, affine).data as Uint8Array)).toEqual(
    Array.from(expected.data as Uint8Array),
  );
});
