/** Quantisation in a process of its own: what it gives, and what becomes of one that hangs or dies. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { writeDatasetCache } from '../data/cache.ts';
import { datasetOf, randomSplit } from '../data/testing/images.ts';
import { encodeModel } from '../onnx/encode.ts';
import { feedsFor, smallModel } from '../quantisation/testing/models.ts';
import type { SearchEvent } from './events.ts';
import { exportInt8 } from './int8-export.ts';
import { exportInt8Apart, type Int8Job, int8LimitSeconds, requestOf } from './int8-process.ts';
import { SearchOptions } from './options.ts';

const ROOT = mkdtempSync(join(tmpdir(), 'espalier-int8-'));
afterAll(() => rmSync(ROOT, { recursive: true, force: true }));

const WORK = { plain: 1, tuning: 2, mixed: 0, test: 1, timing: 7 };
const entry = new URL('../../test/fixtures/quantising-worker.ts', import.meta.url);
const shape = { channels: 3, height: 8, width: 8, classes: 4 } as const;
const images = (count: number) => randomSplit(count, shape, String(count));
const dataset = datasetOf({ train: images(60), val: images(20), test: images(10) }, shape);
const model = smallModel((b) =>
  b.linear(b.flatten(b.globalAveragePool(b.conv(b.input, { out: 4, kernel: 3 }))), { out: 4 }),
);

const jobOf = (trial: number): Int8Job => ({
  trial,
  model,
  feeds: feedsFor(model, 'one', 1),
  referenceMs: 1,
  dataset: join(ROOT, 'dataset.cache'),
  options: SearchOptions.parse({ data: 'x', out: 'y', int8: true }),
  threads: 1,
  work: WORK,
  deadline: null,
});
const running = (seconds: number, signal = new AbortController().signal) => {
  const messages: string[] = [];
  const onEvent = (event: SearchEvent): void => {
    if (event.event === 'warning') messages.push(event.message);
  };
  return { messages, options: { seconds, signal, onEvent } };
};

test('gives the network that this process would', async () => {
  await writeDatasetCache(dataset, jobOf(0).dataset);
  const { messages, options } = running(120);
  const apart = await exportInt8Apart(jobOf(0), options);
  const here = await exportInt8(requestOf(jobOf(0), { ...running(120).options, dataset }));
  expect(Buffer.compare(encodeModel(apart!.model), encodeModel(here!.model))).toBe(0);
  expect(apart!.accuracy).toEqual(here!.accuracy);
  expect(apart!.quantisation.keptFloat).toEqual([]);
  expect(messages.filter((message) => message.includes('in float only'))).toEqual([]);
}, 120_000);

test.each([
  ['hangs', 1, /^trial 1 is there in float only: its quantisation took longer than 8 s/],
  ['dies', 2, /^trial 2 is there in float only: .*exit code 7/],
] as const)(
  'one that %s leaves the network in float, with a warning',
  async (_, trial, message) => {
    const { messages, options } = running(8);
    expect(await exportInt8Apart(jobOf(trial), { ...options, entry })).toBeNull();
    expect(messages).toEqual([expect.stringMatching(message)]);
  },
  60_000,
);

test('warnings come through, and a search that ends does not wait', async () => {
  const { messages, options } = running(60);
  expect(await exportInt8Apart(jobOf(3), { ...options, entry })).toBeNull();
  expect(messages).toEqual(['one', 'two']);
  const stop = new AbortController();
  const hanging = exportInt8Apart(jobOf(1), { ...running(600, stop.signal).options, entry });
  stop.abort(new Error('enough'));
  await expect(hanging).rejects.toThrow('enough');
}, 60_000);

test('it is given time beyond its deadline, or without one many times what is expected', () => {
  expect(int8LimitSeconds(WORK, 100)).toBe(110);
  expect(int8LimitSeconds(WORK, -5)).toBe(30);
  expect(int8LimitSeconds(WORK, null)).toBe(600);
  expect(int8LimitSeconds({ ...WORK, tuning: 91 }, null)).toBe(2000);
});
