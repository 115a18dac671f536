import { expect, test } from 'vitest';
import { createRandom, type Random } from './random.ts';

const draws = <T>(count: number, draw: () => T): T[] => Array.from({ length: count }, draw);
const words = (random: Random, count: number): number[] => draws(count, () => random.next() * 2 ** 32);

// Studies on disk depend on these: whoever changes them breaks every resumption.
test('the values never change', () => {
  const root = createRandom(1);
  expect(words(root, 4)).toEqual([4001548168, 4187633113, 1623043033, 3772926451]);
  expect(words(createRandom('a study'), 2)).toEqual([511336026, 4236020793]);
  expect(words(createRandom(1).split('trial', 7), 2)).toEqual([1375178075, 1214824441]);
  const other = createRandom(2);
  expect(draws(6, () => other.int(10))).toEqual([0, 3, 5, 0, 1, 0]);
  expect(other.shuffle([0, 1, 2, 3, 4, 5])).toEqual([2, 1, 5, 0, 3, 4]);
  expect(other.normal()).toBeCloseTo(-1.8614899025739042, 12);
});

test('a split depends on its labels alone, not on what was drawn before', () => {
  const fresh = createRandom(5);
  const used = createRandom(5);
  words(used, 100);
  expect(words(used.split('x', 3), 5)).toEqual(words(fresh.split('x', 3), 5));
});

test('labels that look alike give different streams', () => {
  const root = createRandom(5);
  const streams = [
    root,
    root.split('ab'),
    root.split('a', 'b'),
    root.split('a').split('b'),
    root.split('a/b'),
    root.split(1),
    root.split('1'),
    root.split('#1'),
    root.split(''),
  ].map((random) => words(random, 3).join());
  expect(new Set(streams).size).toBe(streams.length);
});

test('integers are equally likely, also where 2^32 is no multiple of the bound', () => {
  const random = createRandom('uniform');
  for (const bound of [2, 3, 7, 10]) {
    const counts = Array<number>(bound).fill(0);
    const n = 20_000;
    for (let i = 0; i < n; i++) counts[random.int(bound)]!++;
    const expected = n / bound;
    const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    // The mean is bound - 1 and the variance twice that: five deviations.
    expect(chiSquare).toBeLessThan(bound - 1 + 5 * Math.sqrt(2 * (bound - 1)));
  }
  // Two thirds of 2^32: without rejection the first third would come twice as often.
  const bound = Math.floor((2 / 3) * 2 ** 32);
  const low = draws(3000, () => random.int(bound)).filter((value) => value < bound / 2).length;
  expect(Math.abs(low - 1500)).toBeLessThan(5 * Math.sqrt(750));
});

test('a bound outside 1..2^32 is refused', () => {
  const random = createRandom(1);
  for (const bound of [0, -1, 2.5, 2 ** 32 + 1, Number.NaN])
    expect(() => random.int(bound)).toThrow(RangeError);
  expect(random.int(1)).toBe(0);
});

test('normal samples have mean 0, variance 1 and the tails of the normal distribution', () => {
  const random = createRandom('normal');
  const n = 40_000;
  const samples = draws(n, () => random.normal());
  const mean = samples.reduce((a, b) => a + b) / n;
  const variance = samples.reduce((sum, x) => sum + (x - mean) ** 2, 0) / n;
  expect(Math.abs(mean)).toBeLessThan(5 / Math.sqrt(n));
  expect(Math.abs(variance - 1)).toBeLessThan(5 * Math.sqrt(2 / n));
  const beyondTwo = samples.filter((x) => Math.abs(x) > 1.959964).length / n;
  expect(Math.abs(beyondTwo - 0.05)).toBeLessThan(5 * Math.sqrt((0.05 * 0.95) / n));
});

test('a shuffle keeps the items, leaves the list alone, and every order is equally likely', () => {
  const random = createRandom('shuffle');
  const items = [1, 2, 3];
  const counts = new Map<string, number>();
  const n = 12_000;
  for (let i = 0; i < n; i++) {
    const order = random.shuffle(items).join('');
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  expect(items).toEqual([1, 2, 3]);
  expect([...counts.keys()].sort()).toEqual(['123', '132', '213', '231', '312', '321']);
  for (const count of counts.values())
    expect(Math.abs(count - n / 6)).toBeLessThan(5 * Math.sqrt((n * 5) / 36));
});

test('filling with normal samples gives the same as drawing them, and goes on from there', () => {
  const [one, other] = [createRandom('fill'), createRandom('fill')];
  const filled = new Float32Array(1001);
  one.fillNormal(filled, 0.3);
  expect(filled).toEqual(Float32Array.from({ length: 1001 }, () => other.normal() * 0.3));
  expect(one.next()).toBe(other.next());
});
