/** A quantisation that the clock ends before it has begun. */
import { expect, test } from 'vitest';
import { datasetOf, randomSplit } from '../data/testing/images.ts';
import { smallModel } from '../quantisation/testing/models.ts';
import type { SearchEvent } from './events.ts';
import { exportInt8 } from './int8-export.ts';
import { SearchOptions } from './options.ts';

test('leaves the network in float, with a warning that says why', async () => {
  const shape = { channels: 3, height: 8, width: 8, classes: 4 } as const;
  const images = (count: number) => randomSplit(count, shape, String(count));
  const events: SearchEvent[] = [];
  const found = await exportInt8({
    trial: 3,
    model: smallModel((b) =>
      b.linear(b.flatten(b.globalAveragePool(b.conv(b.input, { out: 4, kernel: 3 }))), { out: 4 }),
    ),
    feeds: {},
    referenceMs: 1,
    dataset: datasetOf({ train: images(40), val: images(20), test: images(10) }, shape),
    options: SearchOptions.parse({ data: 'x', out: 'y', int8: true }),
    threads: 1,
    clock: { over: () => true, timeToTune: () => false, timingSeconds: () => 1 },
    signal: new AbortController().signal,
    onEvent: (event) => events.push(event),
  });
  expect(found).toBeNull();
  expect(events).toEqual([
    {
      event: 'warning',
      message: expect.stringMatching(/^trial 3 is there in float only: .*the time was over before/),
    },
  ]);
});
