import { expect, test } from 'vitest';
import { createRandom, type Random } from '../../random.ts';
import { median, quantile } from '../median-interval.ts';
import { steady, typicalLatencies, type Visit } from './typical-latency.ts';

/** What a median run takes longer than the lower quartile of a visit when nothing else runs. */
const CALM = 1.02;
const RUNS = 50;

interface Visited {
  readonly truth: number[];
  readonly visits: Visit[];
}

/**
 * Networks visited in several rounds, each in another order.
 * @param phase drawn anew every thirty visits
 * @param run what a run is longer by in that phase, a factor
 */
function visited<P>(
  rounds: number,
  phase: (random: Random) => P,
  run: (phase: P, random: Random) => number,
): Visited {
  const random = createRandom('visited');
  const truth = Array.from({ length: 120 }, () => 0.2 + 3 * random.next());
  const visits: Visit[] = [];
  let now = phase(random);
  let order: readonly number[] = [];
  for (let visit = 0; visit < rounds * truth.length; visit++) {
    if (visit % 30 === 0) now = phase(random);
    if (visit % truth.length === 0) order = random.shuffle(truth.map((_, network) => network));
    const network = order[visit % truth.length]!;
    const runs = Array.from(
      { length: RUNS },
      () =>
        ((truth[network]! / CALM) * (1 + (CALM - 1) * 4 * random.next()) * run(now, random)) /
        (1 + (CALM - 1)),
    ).sort((a, b) => a - b);
    visits.push({ network, timing: { lowerQuartileMs: quantile(runs, 0.25), medianMs: median(runs) } });
  }
  return { truth, visits };
}

const errors = (truth: readonly number[], found: readonly number[]): number[] =>
  truth.map((ms, i) => found[i]! / ms - 1);

const latencies = ({ truth, visits }: Visited): number[] => {
  const found = typicalLatencies(visits);
  return truth.map((_, network) => found.get(network)!);
};

/** The median of each network's visits. */
const naive = ({ truth, visits }: Visited): number[] =>
  truth.map((_, i) =>
    median(visits.filter(({ network }) => network === i).map(({ timing }) => timing.medianMs)),
  );

const largest = (values: readonly number[]): number => Math.max(...values.map(Math.abs));

test('a machine that is busy half of the time tells the latency of a calm one', () => {
  const busy = visited(
    8,
    (random) => random.next() < 0.5,
    (held, random) => (held ? 1 + 0.6 * random.next() : 1),
  );
  const found = errors(busy.truth, latencies(busy));
  expect(Math.abs(median(found))).toBeLessThan(0.01);
  expect(largest(found)).toBeLessThan(0.1);
  expect(largest(errors(busy.truth, naive(busy)))).toBeGreaterThan(0.1);
});

test('phases in which all networks take longer by the same factor do not change which ones are faster', () => {
  const drifting = visited(
    5,
    (random) => Math.exp(0.1 * random.normal()),
    (slow) => slow,
  );
  /** Standard deviation of what they are off, but for a factor that all have in common. */
  const spread = (found: readonly number[]): number => {
    const all = errors(drifting.truth, found);
    const middle = median(all);
    return Math.sqrt(all.reduce((sum, error) => sum + (error - middle) ** 2, 0) / all.length);
  };
  expect(spread(latencies(drifting))).toBeLessThan(0.5 * spread(naive(drifting)));
});

test('bursts in which a few runs are faster than the machine can stay do not count', () => {
  const bursts = visited(
    5,
    (random) => random.next() < 0.5,
    (bursting, random) => (bursting && random.next() < 0.1 ? 0.8 : 1),
  );
  expect(largest(errors(bursts.truth, latencies(bursts)))).toBeLessThan(0.02);
});

test('one figure a visit is taken as it is', () => {
  expect([...typicalLatencies([])]).toEqual([]);
  const visits = [
    { network: 3, timing: steady(2) },
    { network: 7, timing: steady(5) },
  ];
  expect([...typicalLatencies([...visits, ...visits])]).toEqual([
    [3, expect.closeTo(2, 12)],
    [7, expect.closeTo(5, 12)],
  ]);
});

test('more visits to each network do not make networks faster', () => {
  const random = createRandom('visits');
  const of = (rounds: number): number =>
    median([
      ...typicalLatencies(
        Array.from({ length: rounds * 2000 }, (_, v) => ({
          network: v % 2000,
          timing: steady(Math.exp(0.07 * random.normal())),
        })),
      ).values(),
    ]);
  expect(of(8) / of(5)).toBeCloseTo(1, 2);
  expect(of(16) / of(5)).toBeCloseTo(1, 2);
});
