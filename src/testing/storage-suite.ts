/** What every storage of studies must keep to. */
import assert from 'node:assert/strict';
import type { Json, StudyStorage } from '../storage/storage.ts';
import type { Trial } from '../study/trial.ts';
import type { TestFunction } from './test-function.ts';

/** The storage that the suite tests. */
export interface StorageSuiteOptions {
  /** For messages. */
  readonly name: string;
  /** A place where nothing is stored yet, as a function that opens it; opened again only after it was closed. */
  readonly newPlace: () => () => Promise<StudyStorage>;
  /** Whether what was stored is there when the place is opened again. */
  readonly durable: boolean;
}

const trial = (number: number, changes: Partial<Trial> = {}): Trial => ({
  number,
  state: 'running',
  genome: { kernel: 3, stages: [1, null, 'x'], on: false },
  hash: `h${number}`,
  fidelity: number % 3,
  measures: { params: 12 },
  curve: [],
  reason: null,
  startedAt: 1.5,
  endedAt: null,
  ...changes,
});

const TRIALS: readonly (readonly [string, Partial<Trial>])[] = [
  ['waiting', { state: 'waiting', startedAt: null, measures: {} }],
  ['running', {}],
  [
    'complete',
    {
      state: 'complete',
      measures: {
        valAccuracy: 0.1 + 0.2,
        latencyMs: 1e-12,
        macs: 2 ** 53 - 1,
        valLoss: -1.7976931348623157e308,
      },
      curve: [
        { epoch: 1, trainLoss: 1, valLoss: 2, valAccuracy: 0.5, seconds: 3.25 },
        { epoch: 2, trainLoss: 0.5, valLoss: 1, valAccuracy: 0.75, seconds: 6.5 },
      ],
      endedAt: 1_700_000_000_123,
    },
  ],
  ['pruned', { state: 'pruned', reason: 'latency 3.1 ms is above 2 ms', endedAt: 4 }],
  [
    'failed',
    {
      state: 'failed',
      reason: 'line one\nline two "quoted" \'; DROP TABLE trials; -- ünïcode 🌿',
      endedAt: 4,
    },
  ],
  ['trained', { training: { learningRate: 0.1 + 0.2, augmentation: { flip: false } } }],
  ['noted', { note: 'drawn: "ünïcode"' }],
  ['scalar-genome', { genome: 'only a text' }],
  ['null-genome', { genome: null }],
  ['list-genome', { genome: [] }],
];

const ARTEFACTS: readonly Json[] = [
  { a: [2, 'ü', { b: null }], empty: {} },
  [],
  '',
  0,
  false,
  -1.5e-9,
  'x'.repeat(100_000),
];

/**
 * Registers tests of what every {@link StudyStorage} must keep to: values that come back as they were put, copies,
 * replacement, order, and what is left after it was closed.
 * @param test of your test runner
 */
export function storageSuite(test: TestFunction, { name, newPlace, durable }: StorageSuiteOptions): void {
  const within = async (body: (storage: StudyStorage) => Promise<void>, open = newPlace()): Promise<void> => {
    const storage = await open();
    try {
      await body(storage);
    } finally {
      await storage.close();
    }
  };

  test(`${name}: is empty at first`, () =>
    within(async (storage) => {
      assert.deepEqual(await storage.trials(), []);
      assert.equal(await storage.artefact('plan'), null);
    }));

  for (const [kind, changes] of TRIALS)
    test(`${name}: gives a ${kind} trial back as it was`, () =>
      within(async (storage) => {
        await storage.putTrial(trial(0, changes));
        assert.deepEqual(await storage.trials(), [trial(0, changes)]);
      }));

  test(`${name}: replaces the trial of the same number with all its fields`, () =>
    within(async (storage) => {
      for (const [, changes] of [...TRIALS, ...TRIALS].reverse()) await storage.putTrial(trial(7, changes));
      assert.deepEqual(await storage.trials(), [trial(7, TRIALS[0]![1])]);
    }));

  test(`${name}: gives trials by number, whatever the order they came in`, () =>
    within(async (storage) => {
      // 10 comes after 9: numbers, not texts.
      for (const number of [10, 2, 0, 9, 1]) await storage.putTrial(trial(number));
      assert.deepEqual(
        (await storage.trials()).map((t) => t.number),
        [0, 1, 2, 9, 10],
      );
    }));

  test(`${name}: takes writes at once`, () =>
    within(async (storage) => {
      const trials = Array.from({ length: 200 }, (_, number) => trial(number));
      await Promise.all(trials.map((t) => storage.putTrial(t)));
      assert.deepEqual(await storage.trials(), trials);
    }));

  test(`${name}: keeps what it was given when the giver or a reader changes it`, () =>
    within(async (storage) => {
      const genome = { layers: [1] };
      const plan = { epochs: [1] };
      await storage.putTrial(trial(0, { genome }));
      await storage.putArtefact('plan', plan);
      genome.layers.push(2);
      plan.epochs.push(2);
      const read = (await storage.trials())[0]!.genome as { layers: number[] };
      const readPlan = (await storage.artefact('plan')) as { epochs: number[] };
      read.layers.push(3);
      readPlan.epochs.push(3);
      assert.deepEqual((await storage.trials())[0]!.genome, { layers: [1] });
      assert.deepEqual(await storage.artefact('plan'), { epochs: [1] });
    }));

  test(`${name}: replaces artefacts, of any JSON and name`, () =>
    within(async (storage) => {
      await storage.putArtefact('other', 'stays');
      for (const value of ARTEFACTS) {
        await storage.putArtefact("a name: with 'all' kinds/of ünïcode", value);
        assert.deepEqual(await storage.artefact("a name: with 'all' kinds/of ünïcode"), value);
      }
      assert.equal(await storage.artefact('other'), 'stays');
    }));

  if (durable)
    test(`${name}: holds trials and artefacts when it is opened again`, async () => {
      const open = newPlace();
      await within(async (storage) => {
        for (const [number, [, changes]] of TRIALS.entries()) await storage.putTrial(trial(number, changes));
        await storage.putArtefact('plan', { epochs: 3 });
      }, open);
      await within(async (storage) => {
        assert.deepEqual(
          await storage.trials(),
          TRIALS.map(([, changes], number) => trial(number, changes)),
        );
        assert.deepEqual(await storage.artefact('plan'), { epochs: 3 });
      }, open);
    });
}
