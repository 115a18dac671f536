/** The end of a search, on tiny networks: bounds as they hold in the end, and files in float and in 8 bits. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeDatasetCache } from '../data/cache.ts';
import type { ImageDataset } from '../data/dataset.ts';
import { drawnDataset } from '../data/drawn.ts';
import { networkBuilder } from '../network/builder.ts';
import { decodeModel } from '../onnx/decode.ts';
import { oneOf, struct } from '../space/choice.ts';
import { defineSpace } from '../space/define-space.ts';
import { createMemoryStorage } from '../storage/memory.ts';
import type { Study } from '../study/study.ts';
import type { Measures, Trial } from '../study/trial.ts';
import type { SearchEvent } from './events.ts';
import { trainFinal } from './final-training.ts';
import { readMetadata } from './model-metadata.ts';
import { SearchOptions, type SearchOptionsInput } from './options.ts';
import { get } from './record.ts';
import { type RunFolder, runFolder } from './run-folder.ts';
import { createStopwatch } from './stopwatch.ts';
import { verifyFile } from './verify/verify-file.ts';

const ROOT = mkdtempSync(join(tmpdir(), 'espalier-final-'));
afterAll(() => rmSync(ROOT, { recursive: true }));

/** So many channels are megabytes when they run; two or three may find their room in what the process held before. */
const WIDE = 4096;

/** Without weights there is nothing to quantise. */
const space = defineSpace({
  name: 'little',
  description: 'A pooled image, with or without a layer behind it.',
  choices: struct({ width: oneOf([0, 2, 3, 4, WIDE]) }),
  build: ({ width }, io) => {
    const b = networkBuilder(io.inputShape);
    const head = (x: string): string => b.linear(b.flatten(b.globalAveragePool(x)), { out: io.outputs });
    if (width > 0)
      return b.build([head(b.activation(b.conv(b.input, { out: width, kernel: 3, stride: 4 }), 'relu'))]);
    // One channel repeated: as many outputs as there are classes, and one number that trains.
    const scaled = b.batchNorm(b.input);
    return b.build([
      b.flatten(b.globalAveragePool(b.concat(Array.from({ length: io.outputs }, () => scaled)))),
    ]);
  },
});

let dataset: ImageDataset;
beforeAll(async () => {
  ({ dataset } = await drawnDataset({ seed: 1, train: 200, val: 60, test: 40 }));
});

const trial = (number: number, width: number, measures: Measures): Trial => ({
  number,
  state: 'complete',
  genome: { width },
  hash: String(number),
  fidelity: 0,
  measures: { macs: number + 1, imagesPerSecond: 1000, ...measures },
  curve: [],
  reason: null,
  startedAt: 0,
  endedAt: 1,
});

async function end(name: string, options: Partial<SearchOptionsInput>, trials: readonly Trial[]) {
  const out = join(ROOT, name);
  mkdirSync(out);
  const folder: RunFolder = runFolder(out);
  await writeDatasetCache(dataset, folder.dataset);
  const storage = createMemoryStorage();
  const events: SearchEvent[] = [];
  const done = await trainFinal({
    options: SearchOptions.parse({ data: 'drawn', out, executor: 'in-process', batchSize: 50, ...options }),
    plan: {
      trials: trials.length,
      workers: 1,
      threads: 1,
      finalThreads: 1,
      epochs: 1,
      finalEpochs: 1,
      dataShare: 1,
      resolution: 1,
      time: null,
    },
    space,
    dataset,
    folder,
    storage,
    hooks: { onEvent: (event) => events.push(event), signal: new AbortController().signal },
    watch: await createStopwatch(storage, Date.now(), 'final training'),
    study: { trials: () => trials } as Pick<Study, 'trials'> as Study,
    deadline: null,
  });
  // Whether this machine is quiet just now is not asked here.
  const warnings = events.flatMap((event) =>
    event.event === 'warning' && !event.message.includes('not to be trusted') ? [event.message] : [],
  );
  return { done: done!, folder, storage, warnings };
}

describe('a bound that the exported networks break', () => {
  test('is told, and others are trained that would keep it if they grew as much; then the best is taken', async () => {
    // No network takes less than a picosecond. Trial 1 would have to grow less than trial 0 did.
    const trials = [
      trial(0, 4, { valAccuracy: 0.9, latencyMs: 5e-10 }),
      trial(1, 4, { valAccuracy: 0.8, latencyMs: 4e-10 }),
      trial(2, 2, { valAccuracy: 0.7, latencyMs: 1e-30 }),
      trial(3, 3, { valAccuracy: 0.6, latencyMs: 1e-99 }),
    ];
    const { done, folder, storage, warnings } = await end('over', { maxLatencyMs: 1e-9 }, trials);
    const members = (await get(storage, 'members'))!;
    expect(members.map((member) => member.trial)).toEqual([0, 2, 3]);
    for (const [i, { trial: number }] of members.entries())
      expect(warnings[i]).toMatch(new RegExp(`^trial ${number} is over a bound as it is exported: latency`));
    expect(done.front?.map(({ overBounds }) => overBounds?.length)).toEqual([1, 1, 1]);
    for (const { model } of members) expect(existsSync(join(folder.path, model.file))).toBe(true);
    const files = members.map(({ model }) => readFileSync(join(folder.path, model.file)));
    const winner = (await get(storage, 'winner'))!;
    expect(winner.model.file).toBe('model.onnx');
    const own = files[members.findIndex((member) => member.trial === winner.trial)]!;
    expect(readFileSync(folder.model).equals(own)).toBe(true);
    expect(new Set(files.map((file) => file.toString('base64'))).size).toBe(3);
  }, 60_000);

  test('one network that keeps it ends the matter', async () => {
    const trials = [
      trial(0, 2, { valAccuracy: 0.9, latencyMs: 1 }),
      trial(1, 3, { valAccuracy: 0.8, latencyMs: 1 }),
    ];
    const { storage, warnings } = await end('within', { maxLatencyMs: 1000 }, trials);
    expect((await get(storage, 'members'))!.map((member) => member.trial)).toEqual([0]);
    expect(warnings).toEqual([]);
  }, 60_000);
});

test('memory that is bounded is measured of the trained network too', async () => {
  const trials = [trial(0, WIDE, { valAccuracy: 0.9, peakMemoryBytes: 1e6 })];
  const { storage } = await end('memory', { maxPeakMemoryBytes: 1e9 }, trials);
  const [member] = (await get(storage, 'members'))!;
  expect(member!.measures.peakMemoryBytes).toBeGreaterThan(0);
  expect(member!.measures.peakMemoryBytes).not.toBe(1e6);
}, 60_000);

describe('in 8 bits', () => {
  test('both files tell accuracy and latency of both, and prove themselves', async () => {
    const { done, folder } = await end('int8', { int8: true }, [
      trial(0, 4, { valAccuracy: 0.5, int8ValAccuracy: 0.5 }),
    ]);
    expect(done).toMatchObject({ int8File: 'model.int8.onnx', int8TestAccuracy: expect.any(Number) });
    for (const [path, precision] of [
      [folder.model, 'float'],
      [folder.int8Model, 'int8'],
    ] as const) {
      const metadata = readMetadata(decodeModel(readFileSync(path)), path);
      expect(metadata).toMatchObject({
        precision,
        accuracy: {
          float: { val: done.valAccuracy, valCount: 60, test: done.testAccuracy, testCount: 40 },
          int8: { val: done.int8ValAccuracy, valCount: 60, test: done.int8TestAccuracy, testCount: 40 },
        },
        latency: {
          float: { kind: 'measured', medianMs: done.latencyMs, quantilesMs: { p50: done.latencyMs } },
          int8: { kind: 'measured', medianMs: done.int8LatencyMs, quantilesMs: { p50: done.int8LatencyMs } },
        },
        quantisation: { target: 'onnxruntime', floatLayers: [] },
      });
      const { checks } = await verifyFile({
        path,
        data: null,
        space: null,
        latency: false,
        threads: 1,
        signal: new AbortController().signal,
      });
      const status = Object.fromEntries(checks.map((check) => [check.name, check.status]));
      expect(status).toMatchObject({ digest: 'agrees', cost: 'agrees', runs: 'agrees', intervals: 'agrees' });
      expect(status.kernels).toBe(precision === 'int8' ? 'agrees' : undefined);
    }
  }, 60_000);

  test('a network that cannot be quantised is kept in float, with a warning', async () => {
    const { done, folder, storage, warnings } = await end('kept', { int8: true }, [
      trial(0, 0, { valAccuracy: 0.5, int8ValAccuracy: 0.5 }),
    ]);
    expect(warnings).toEqual([
      expect.stringMatching(/^trial 0 is there in float only: .*cannot be quantised/),
    ]);
    expect(existsSync(folder.model)).toBe(true);
    expect(existsSync(folder.int8Model)).toBe(false);
    expect(done).toMatchObject({ int8File: null, int8TestAccuracy: null, int8LatencyMs: null });
    expect((await get(storage, 'winner'))!.int8).toBeNull();
  }, 60_000);
});
