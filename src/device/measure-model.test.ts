import { expect, test } from 'vitest';
import { encodeModel } from '../onnx/encode.ts';
import { createGraphBuilder, float32, int64, ints } from '../onnx/graph-builder.ts';
import { describeMachine } from './machine.ts';
import { doubtsOf, measureModel } from './measure-model.ts';
import { watchPeakMemory } from './peak-memory.ts';

/** Two inputs, one of them an image of any height and width that is convolved; `side` is what the graph says of it. */
function model(side: number | string, check = false): Uint8Array {
  const g = createGraphBuilder({ name: 'measured' });
  const image = g.input('image', 'float32', ['batch', 3, side, side]);
  const scale = g.input('scale', 'float32', [1]);
  const weight = g.initializer('weight', float32(new Float32Array(8 * 27).fill(0.1), [8, 3, 3, 3]));
  const x = g.op('Conv', [image, weight], { kernel_shape: ints([3, 3]), pads: ints([1, 1, 1, 1]) });
  // Runs only on images of 16 by 16.
  const y = check ? g.op('Reshape', [x, g.constant(int64([1, 2048]))]) : x;
  g.output(g.op('Mul', [y, scale]));
  return encodeModel(g.build());
}

const MIB = 2 ** 20;

test('a model with two inputs and open axes', async () => {
  const bytes = model('side');
  const shapes = new Map([['image', [2, 3, 16, 16]]]);
  const found = await measureModel(bytes, { maxSeconds: 0.2, shapes, threads: 2 });
  expect(found).toMatchObject({
    threads: 2,
    provider: 'cpu',
    modelBytes: bytes.length,
    inputs: { image: [2, 3, 16, 16], scale: [1] },
    assumed: [],
    machine: describeMachine(),
  });
  expect(found.p50Ms).toBeGreaterThan(0);
  expect(found.lowMs).toBeLessThanOrEqual(found.p50Ms);
  expect(found.highMs).toBeGreaterThanOrEqual(found.p50Ms);
  expect(found.p95Ms).toBeGreaterThanOrEqual(found.p50Ms);
  expect(found.reference.medianMs).toBeGreaterThan(0);
  // Node and the engine alone take tens of megabytes.
  expect(found.memory.peakBytes).toBeGreaterThan(30 * MIB);
  expect(found.memory.addedBytes).toBeLessThan(found.memory.peakBytes);
  expect(found.trusted).toBe(found.doubts.length === 0);
});

test('open axes that nobody said are told of, and where the model does not run on them', async () => {
  const { assumed } = await measureModel(model('side'), { maxSeconds: 0.1 });
  expect(assumed).toEqual(['image: side', 'image: side']);
  await expect(measureModel(model('side', true), { maxSeconds: 0.1 })).rejects.toMatchObject({
    code: 'MODEL_INPUT',
    message: expect.stringContaining('it does not run on image=1x3x1x1, scale=1'),
    hint: expect.stringContaining('--shape'),
  });
});

test('what is no model, and an abort, end it', async () => {
  await expect(measureModel(Uint8Array.of(1, 2, 3))).rejects.toMatchObject({ code: 'MODEL_LOAD' });
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(measureModel(model(8), { signal })).rejects.toThrow('enough');
});

const quiet = {
  p50Ms: 2,
  lowMs: 1.99,
  highMs: 2.01,
  wide: false,
  threads: 1,
  reference: { medianMs: 0.1, drift: 0.01, spread: 0.02 },
  preemptionsPerSecond: 3,
  machine: { ...describeMachine(), usableCores: 2 },
};

test.each([
  ['a quiet machine', {}, []],
  ['time out', { lowMs: 1.5, highMs: 2.5, wide: true }, ['it is ±25 %']],
  ['slower', { reference: { ...quiet.reference, drift: 0.2 } }, ['became slower by 20 %']],
  ['faster', { reference: { ...quiet.reference, drift: -0.2 } }, ['became faster by 20 %']],
  ['restless', { reference: { ...quiet.reference, spread: 0.6 } }, ['varied by 60 %']],
  ['busy', { preemptionsPerSecond: 280 }, ['280 times a second']],
  ['too many threads', { threads: 4 }, ['4 threads on 2 usable cores']],
  ['two at once', { threads: 4, preemptionsPerSecond: 280 }, ['280 times', '4 threads']],
])('doubts: %s', (_, change, expected) => {
  const doubts = doubtsOf({ ...quiet, ...change });
  expect(doubts).toHaveLength(expected.length);
  for (const [i, text] of expected.entries()) expect(doubts[i]).toContain(text);
});

test('peak memory counts what is gone again, and forgets what was before', async () => {
  // Written to, else the pages are not resident; kept in a variable so that it stays until then.
  let held: Buffer | null = Buffer.alloc(64 * MIB, 1);
  const during = await watchPeakMemory();
  expect(held[5]).toBe(1);
  expect(during.before).toBeGreaterThan(64 * MIB);
  expect(await during.peak()).toBeGreaterThanOrEqual(during.before - MIB);
  held = null;
  const again = await watchPeakMemory();
  const more = Buffer.alloc(96 * MIB, 1);
  expect((await again.peak()) - again.before).toBeGreaterThan(process.platform === 'linux' ? 24 * MIB : -1);
  expect(more[7]).toBe(1);
});
