/** A latency that was not compared says everything that stood in the way. */
import { expect, test } from 'vitest';
import type { LatencyEntry } from '../model-metadata.ts';
import { differences, type LatencyPlace } from './latency.ts';

const recorded: LatencyEntry = {
  kind: 'measured',
  medianMs: 1,
  lowMs: 1,
  highMs: 1,
  threads: 2,
  machine: 'a processor',
  platform: 'linux x64',
  runtime: 'onnxruntime-node 1.30.0',
  provider: 'cpu',
};
const here: LatencyPlace = {
  machine: 'a processor',
  platform: 'linux x64',
  runtime: 'onnxruntime-node 1.30.0',
  provider: 'cpu',
  usableCores: 2,
  batch: 1,
};

test('the same place: nothing', () => {
  expect(differences(recorded, here)).toEqual([]);
  // Files of before do not tell all of it.
  const { platform, runtime, provider, ...short } = recorded;
  expect(differences(short, here)).toEqual([]);
});

test.each<[Partial<LatencyEntry>, string]>([
  [{ machine: 'a board' }, 'another processor (a board; here a processor)'],
  [{ platform: 'darwin x64' }, 'another platform (darwin x64; here linux x64)'],
  [
    { runtime: 'onnxruntime-node 1.17.0' },
    'another engine (onnxruntime-node 1.17.0; here onnxruntime-node 1.30.0)',
  ],
  [{ provider: 'cuda' }, 'another execution provider (cuda; here cpu)'],
  [{ threads: 8 }, 'more threads than there are (8; here 2 can be used)'],
  [{ batch: 4 }, 'another number of images at once (4; here 1)'],
])('%o', (change, reason) => {
  expect(differences({ ...recorded, ...change }, here)).toEqual([reason]);
});

test('all that differs is told', () => {
  expect(differences({ ...recorded, machine: 'a board', threads: 4 }, here)).toHaveLength(2);
});
