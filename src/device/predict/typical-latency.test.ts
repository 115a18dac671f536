import { expect, test } from 'vitest';
import { createRandom } from '../../random.ts';
import { median } from '../median-interval.ts';
import { type BriefTiming, steady, typicalLatencies } from './typical-latency.ts';

/** What a median run takes longer than the fastest one of a visit when nothing else runs. */
const CALM = 1.04;
const RUNS = 50;

/**
 * Visits to networks on a machine that others use for `busy` of the time, in phases of thirty visits: each run then is held
 * up at random.
 */
function visited(
  busy: number,
  rounds: number,
): { readonly true: number[]; readonly visits: BriefTiming[][] } {
  const random = createRandom('visited');
  const networks = Array.from({ length: 120 }, () => 0.2 + 3 * random.next());
  const visits: BriefTiming[][] = networks.map(() => []);
  let held = false;
  for (let visit = 0; visit < rounds * networks.length; visit++) {
    if (visit % 30 === 0) held = random.next() < busy;
    const ms = networks[visit % networks.length]!;
    const runs = Array.from(
      { length: RUNS },
      () => ms * (1 + (CALM - 1) * 2 * random.next()) * (held ? 1 + 0.6 * random.next() : 1),
    );
    visits[visit % networks.length]!.push({ fastestMs: Math.min(...runs), medianMs: median(runs) });
  }
  return { true: networks.map((ms) => ms * CALM), visits };
}

const errors = (truth: readonly number[], found: readonly number[]): number[] =>
  truth.map((ms, i) => found[i]! / ms - 1);

test('a machine that is busy half of the time tells the latency of a calm one', () => {
  const { true: truth, visits } = visited(0.5, 8);
  const found = errors(truth, typicalLatencies(visits));
  expect(Math.abs(median(found))).toBeLessThan(0.01);
  expect(Math.max(...found.map(Math.abs))).toBeLessThan(0.1);
  // Not so the median of each network's visits.
  const naive = errors(
    truth,
    visits.map((own) => median(own.map(({ medianMs }) => medianMs))),
  );
  expect(Math.max(...naive)).toBeGreaterThan(0.1);
});

test('one figure a visit is taken as it is, the mean of the faster ones counts', () => {
  expect(typicalLatencies([])).toEqual([]);
  expect(typicalLatencies([[steady(2)], [steady(9), steady(8), steady(4), steady(1), steady(2)]])).toEqual([
    expect.closeTo(2, 12),
    expect.closeTo(2, 12),
  ]);
});

test('more visits to each network do not make networks faster', () => {
  const random = createRandom('visits');
  const of = (visits: number): number =>
    median(
      typicalLatencies(
        Array.from({ length: 2000 }, () =>
          Array.from({ length: visits }, () => steady(Math.exp(0.07 * random.normal()))),
        ),
      ),
    );
  expect(of(8) / of(5)).toBeCloseTo(1, 2);
  expect(of(16) / of(5)).toBeCloseTo(1, 2);
});
