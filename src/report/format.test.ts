import { expect, test } from 'vitest';
import { formatBytes, formatCount, formatMeasure, formatMilliseconds, formatSeconds } from './format.ts';

test('figures are short and have their unit', () => {
  expect([0, 7, 999, 1000, 16_384, 2_500_000, 4e9].map(formatCount)).toEqual([
    '0',
    '7',
    '999',
    '1 k',
    '16.4 k',
    '2.5 M',
    '4 G',
  ]);
  expect([512, 2048, 1.5 * 2 ** 20, 3 * 2 ** 30].map(formatBytes)).toEqual([
    '512 B',
    '2 KB',
    '1.5 MB',
    '3 GB',
  ]);
  expect([0.42, 59.7, 60, 599, 3900].map(formatSeconds)).toEqual([
    '0.4 s',
    '1 min 00 s',
    '1 min 00 s',
    '9 min 59 s',
    '1 h 05 min',
  ]);
  expect([0.06441, 1.234, 250.4].map(formatMilliseconds)).toEqual(['0.0644 ms', '1.23 ms', '250 ms']);
  expect(formatMeasure('valAccuracy', 0.98765)).toBe('98.77 %');
  expect(formatMeasure('valAccuracy', undefined)).toBe('–');
  expect(formatMeasure('latencyMs', Number.NaN)).toBe('–');
});
