import { expect, test } from 'vitest';
import { createRandom } from '../random.ts';
import { pairedChange } from './paired-change.ts';

const bits = (...values: readonly number[]): Uint8Array => Uint8Array.from(values);

test('gained and lost images are counted, and the change is their difference', () => {
  expect(pairedChange(bits(1, 1, 0, 0, 1), bits(1, 0, 1, 0, 0))).toMatchObject({
    change: -0.2,
    gained: 1,
    lost: 2,
  });
  expect(pairedChange(bits(), bits())).toEqual({ change: 0, interval: [-1, 1], gained: 0, lost: 0 });
});

test('the interval is the formula of the paper', () => {
  // 394 images, 3 lost and 1 gained, worked out by hand: (2 − 4)/396 ± 1.96 √((6/396 − (2/396)²)/396).
  const first = new Uint8Array(394).fill(1);
  const second = first.slice();
  first[0] = 0;
  second.fill(0, 1, 4);
  const { interval } = pairedChange(first, second);
  expect(interval[0]).toBeCloseTo(-0.0171638, 6);
  expect(interval[1]).toBeCloseTo(0.0070628, 6);
});

test('it holds the true change in 95 % of samples, and is narrower than independent samples would make it', () => {
  const random = createRandom('paired');
  // Both are right on 85 %, the first alone on 4 %, the second alone on 2 %.
  let held = 0;
  let width = 0;
  const samples = 4000;
  for (let s = 0; s < samples; s++) {
    const first = new Uint8Array(300);
    const second = new Uint8Array(300);
    for (let i = 0; i < 300; i++) {
      const u = random.next();
      first[i] = u < 0.89 ? 1 : 0;
      second[i] = u < 0.85 || (u >= 0.89 && u < 0.91) ? 1 : 0;
    }
    const [low, high] = pairedChange(first, second).interval;
    if (low <= -0.02 && -0.02 <= high) held++;
    width += (high - low) / samples;
  }
  expect(held / samples).toBeGreaterThan(0.94);
  expect(held / samples).toBeLessThan(0.975);
  const independent = 2 * 1.96 * Math.sqrt((0.89 * 0.11 + 0.87 * 0.13) / 300);
  expect(width).toBeLessThan(0.6 * independent);
});
