/** When a final training must be over, by a clock that stands still. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { datasetOf, randomSplit } from '../data/testing/images.ts';
import { networkBuilder } from '../network/builder.ts';
import { oneOf, struct } from '../space/choice.ts';
import { defineSpace } from '../space/define-space.ts';
import type { Trial } from '../study/trial.ts';
import { finalInt8Work, finalJob } from './final-job.ts';
import { keptForInt8 } from './int8-time.ts';
import { SearchOptions, type SearchOptionsInput } from './options.ts';
import type { SearchPlan } from './plan.ts';
import { runFolder } from './run-folder.ts';

const NOW = 1_700_000_000_000;
beforeAll(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW });
});
afterAll(() => {
  vi.useRealTimers();
});

const space = defineSpace({
  name: 'one',
  description: 'A convolution.',
  choices: struct({ width: oneOf([4]) }),
  build: ({ width }, io) => {
    const b = networkBuilder(io.inputShape);
    const x = b.activation(b.conv(b.input, { out: width, kernel: 3 }), 'relu');
    return b.build([b.linear(b.flatten(b.globalAveragePool(x)), { out: io.outputs })]);
  },
});
const shape = { channels: 1, height: 4, width: 4, classes: 2 } as const;
const images = (count: number) => randomSplit(count, shape, String(count));
const dataset = datasetOf({ train: images(1000), val: images(200), test: images(300) }, shape);
/** 100 images a second, so 10 seconds an epoch. */
const trial: Trial = {
  number: 0,
  state: 'complete',
  genome: { width: 4 },
  hash: '0',
  fidelity: 0,
  measures: { imagesPerSecond: 100 },
  curve: [],
  reason: null,
  startedAt: 0,
  endedAt: 1,
};

function trainingSeconds(given: Partial<SearchOptionsInput>, seconds: number): number {
  const options = SearchOptions.parse({ data: 'x', out: 'y', timeSeconds: 1000, ...given });
  const plan: SearchPlan = {
    trials: 1,
    workers: 1,
    threads: 1,
    finalThreads: 1,
    epochs: 1,
    finalEpochs: null,
    dataShare: 1,
    resolution: 1,
    time: { trialSeconds: 1, searchSeconds: 1, totalSeconds: 1000, maxMacs: 1e9 },
  };
  const context = { options, plan, dataset, space };
  const job = finalJob(context, trial, runFolder('y'), NOW + seconds * 1000);
  const left = (job.deadline! - NOW) / 1000;
  // As many epochs as fit, rather one too many.
  expect(job.plan.epochs).toBe(Math.round((1.1 * left) / 10));
  if (options.int8) {
    const kept = keptForInt8(finalInt8Work(context, trial), seconds);
    expect(left).toBeCloseTo(trainingSeconds({ ...given, int8: false, maxDropPoints: null }, seconds) - kept);
  }
  return left;
}

test('in float, test, export and report have their time', () => {
  expect(trainingSeconds({}, 600)).toBeCloseTo(600 - 4 - 30);
  expect(trainingSeconds({ maxPeakMemoryBytes: 1e9 }, 600)).toBeCloseTo(600 - 4 - 30 - 2);
});

test('devices that are asked have theirs; a prediction takes none', () => {
  expect(trainingSeconds({ devices: { board: 'http://127.0.0.1:1/' } }, 600)).toBeCloseTo(600 - 4 - 30 - 3);
  expect(trainingSeconds({ devices: { board: 'board.json' } }, 600)).toBeCloseTo(600 - 4 - 30);
});

test('in 8 bits, quantisation has its time too', () => {
  // 4 ms an image in inference: 3584 for calibration, 400 to judge it, 300 to test it, and 7 seconds to time it.
  const plain = 0.004 * (3584 + 400 + 300) + 7;
  // Two epochs of fine-tuning take 31.6 seconds: part of it from 316 seconds on.
  expect(trainingSeconds({ int8: true }, 600)).toBeCloseTo(566 - plain - 2 * (1.5 * 10 + 0.8));
  expect(trainingSeconds({ int8: true }, 300)).toBeCloseTo(266 - plain);
  const mixed = 8 * 0.8;
  expect(trainingSeconds({ int8: true, maxDropPoints: 0.3 }, 300)).toBeCloseTo(266 - plain - mixed);
});
