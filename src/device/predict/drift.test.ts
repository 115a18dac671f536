import { expect, test } from 'vitest';
import { createRandom } from '../../random.ts';
import { driftOf, USUAL_DRIFT } from './drift.ts';

/** Networks of a machine that is `speeds[round]` times as slow in each round, with noise of 5 % for each network. */
function timed(speeds: readonly number[], count = 200): number[][] {
  const random = createRandom(1);
  return Array.from({ length: count }, () => {
    const ms = 1 + 9 * random.next();
    return speeds.map((slow) => ms * slow * (1 + 0.05 * random.normal()));
  });
}

test('a machine that drifts more between rounds is given wider intervals, a steady one narrower', () => {
  const steady = driftOf(timed([1, 1, 1, 1]));
  const drifting = driftOf(timed([1, 1.2, 0.95, 1.15]));
  expect(steady).toBeLessThan(USUAL_DRIFT);
  expect(steady).toBeGreaterThan(USUAL_DRIFT / 2);
  expect(drifting).toBeGreaterThan(2 * USUAL_DRIFT);
});

test('where rounds tell nothing, the usual drift is taken', () => {
  expect(driftOf([])).toBe(USUAL_DRIFT);
  expect(driftOf(timed([1]))).toBe(USUAL_DRIFT);
  expect(driftOf(timed([1, 2], 5))).toBe(USUAL_DRIFT);
});
