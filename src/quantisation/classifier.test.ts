/** The whole way to 8 bits under a clock that a test sets: what is there when time is over is given. */
import { describe, expect, test } from 'vitest';
import { NO_AUGMENTATION } from '../data/augment.ts';
import { datasetOf, randomSplit } from '../data/testing/images.ts';
import { classifierHead } from '../network/blocks/classifier-head.ts';
import { convBnAct } from '../network/blocks/conv-bn-act.ts';
import { encodeModel } from '../onnx/encode.ts';
import { evaluateModel } from '../train/evaluate.ts';
import { type QuantisationPhase, type QuantiseClassifierRequest, quantiseClassifier } from './classifier.ts';
import { smallModel } from './testing/models.ts';

const model = smallModel((b) => {
  let x = b.input;
  for (let i = 0; i < 4; i++) x = convBnAct(b, x, { out: 8, kernel: 3, activation: 'relu' });
  return classifierHead(b, x, 4);
});
const shape = { channels: 3, height: 8, width: 8, classes: 4 } as const;
const split = (count: number, seed: string) => randomSplit(count, shape, seed);
const images = { train: split(96, 'train'), val: split(40, 'val'), test: split(30, 'test') };
const dataset = datasetOf(images, shape);

const quantise = (changes: Partial<QuantiseClassifierRequest> = {}) =>
  quantiseClassifier({
    model,
    dataset,
    options: {},
    augmentation: NO_AUGMENTATION,
    maxDrop: null,
    threads: 1,
    seed: 'test',
    ...changes,
  });

/** A clock that is over from the given phase on. */
function overIn(phase: QuantisationPhase) {
  let now: QuantisationPhase | null = null;
  const seen: QuantisationPhase[] = [];
  return {
    seen,
    onProgress: (next: QuantisationPhase) => {
      now = next;
      if (seen.at(-1) !== next) seen.push(next);
    },
    timeIsOver: () => now === phase,
  };
}

const bytes = (m: { readonly model: typeof model }): string =>
  Buffer.from(encodeModel(m.model)).toString('base64');

describe('time that is over', () => {
  test.each(['float accuracy', 'calibration'] as const)('in %s: there is nothing to give', async (phase) => {
    const { seen, ...clock } = overIn(phase);
    await expect(quantise(clock)).rejects.toMatchObject({ code: 'NOT_QUANTISABLE' });
    expect(seen.at(-1)).toBe(phase);
  });

  test('in fine-tuning: plain quantisation, all of it judged', async () => {
    const plain = await quantise();
    const { seen, ...clock } = overIn('fine-tuning');
    const found = await quantise({ ...clock, fineTuneEpochs: 50 });
    expect(found).toMatchObject({ cutShort: true, fineTuneEpochs: 0, int8: plain.int8, float: plain.float });
    expect(bytes(found)).toBe(bytes(plain));
    expect(seen).toEqual(['float accuracy', 'calibration', 'fine-tuning', 'test']);
  });

  test('while layers are tried in float: the bound is not met, and the model is the plain one', async () => {
    // No model is better than it is by more than all images.
    const { seen, ...clock } = overIn('sensitivity');
    const found = await quantise({ ...clock, maxDrop: -2, sensitivity: true });
    expect(found).toMatchObject({ cutShort: true, met: false, keptFloat: [], sensitivities: null });
    expect(bytes(found)).toBe(bytes(await quantise()));
    expect(seen.slice(-2)).toEqual(['sensitivity', 'test']);
  });

  test('a signal still ends it with its own reason', async () => {
    const controller = new AbortController();
    const onProgress = (phase: QuantisationPhase) => {
      if (phase === 'fine-tuning') controller.abort(new Error('stopped'));
    };
    await expect(
      quantise({ signal: controller.signal, fineTuneEpochs: 5, onProgress, timeIsOver: () => false }),
    ).rejects.toThrow('stopped');
  });
});

test('fine-tuning may be decided by the loss; the epochs that were done are told', async () => {
  const drops: number[] = [];
  const found = await quantise({
    fineTuneEpochs: (drop) => {
      drops.push(drop);
      return 1;
    },
  });
  const plain = await quantise();
  expect(drops).toEqual([plain.float.val.accuracy - plain.int8.val.accuracy]);
  expect(found).toMatchObject({ fineTuneEpochs: 1, cutShort: false });
});

test('evaluations that are known are taken, and the others are those of the models that come out', async () => {
  const judge = (m: typeof model, own: typeof images.val) =>
    evaluateModel({ model: encodeModel(m), split: own, dataset, threads: 1 });
  const known = { ...(await judge(model, images.test)), accuracy: 0.123 };
  const found = await quantise({ float: { test: known } });
  expect(found.float).toEqual({ val: await judge(model, dataset.val), test: known });
  expect(found.int8).toEqual({
    val: await judge(found.model, dataset.val),
    test: await judge(found.model, images.test),
  });
});
