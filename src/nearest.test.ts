import { expect, test } from 'vitest';
import { nearest } from './nearest.ts';

const KNOWN = ['time', 'trials', 'maxLatency', 'maxMemory', 'workers'];

test.each([
  ['tiem', 'time'],
  ['trails', 'trials'],
  ['maxlatency', 'maxLatency'],
  ['maxLatencyMs', 'maxLatency'],
  ['worker', 'workers'],
  ['colour', null],
  ['', null],
])('%s means %s', (typed, meant) => {
  expect(nearest(typed, KNOWN)).toBe(meant);
});
