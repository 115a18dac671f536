import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseBytes, parseCount, parseDuration, parseLatency } from './quantity.ts';

test.each([
  ['90s', 90],
  ['10m', 600],
  ['1h', 3600],
  ['1h30m', 5400],
  ['1h 30m 5s', 5405],
  ['45', 45],
  ['0.5h', 1800],
  ['2 min', 120],
])('%s is %d seconds', (text, seconds) => {
  expect(parseDuration(text)).toBe(seconds);
});

test.each([
  ['250k', 250_000],
  ['2M', 2_000_000],
  ['1.5G', 1_500_000_000],
  ['1e6', 1_000_000],
  ['1234', 1234],
])('%s is the number %d', (text, count) => {
  expect(parseCount(text)).toBe(count);
});

test('sizes are in powers of 1024', () => {
  expect(parseBytes('64MB')).toBe(64 * 1024 * 1024);
  expect(parseBytes('512 kb')).toBe(512 * 1024);
  expect(parseBytes('2GB')).toBe(2 * 1024 ** 3);
  expect(parseBytes('100')).toBe(100);
});

test('latencies are in milliseconds', () => {
  expect(parseLatency('2ms')).toBe(2);
  expect(parseLatency('500us')).toBeCloseTo(0.5, 12);
  expect(parseLatency('0.1s')).toBeCloseTo(100, 12);
  expect(parseLatency('1.5')).toBe(1.5);
});

test.each(['', 'm', '10x', '-5s', '0', '10m!', '2ms 3ms', 'abc', '1 2'])('"%s" is no latency', (text) => {
  expect(() => parseLatency(text)).toThrow(`"${text}" is not a latency`);
});

test('a duration written in hours, minutes and seconds is read back', () => {
  fc.assert(
    fc.property(fc.nat(99), fc.nat(59), fc.integer({ min: 1, max: 59 }), (h, m, s) => {
      expect(parseDuration(`${h}h${m}m${s}s`)).toBe(3600 * h + 60 * m + s);
    }),
  );
});
