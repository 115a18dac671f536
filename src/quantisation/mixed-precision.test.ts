import { expect, test } from 'vitest';
import { classifierHead } from '../network/blocks/classifier-head.ts';
import { convBnAct } from '../network/blocks/conv-bn-act.ts';
import { mixedPrecision } from './mixed-precision.ts';
import { calibrate, quantiseCalibrated } from './quantise.ts';
import { layerSensitivities } from './sensitivity.ts';
import { decibels, feedsFor, outputOf, smallModel } from './testing/models.ts';

const model = smallModel((b) => {
  let x = b.input;
  for (let i = 0; i < 6; i++) x = convBnAct(b, x, { out: 8, kernel: 3, activation: 'relu' });
  return classifierHead(b, x, 4);
});
const batches = [feedsFor(model, 'a'), feedsFor(model, 'b')];
const calibration = await calibrate(model, batches);
const order = await layerSensitivities(calibration, batches, {}, { threads: 1 });

test('sensitivities are those of quantising each layer alone', async () => {
  const products = calibration.model.graph.nodes
    .filter((n) => n.op === 'Conv' || n.op === 'Gemm')
    .map((n) => n.name);
  expect(order.map((s) => s.name).sort()).toEqual([...products].sort());
  expect(order.map((s) => s.noise)).toEqual(order.map((s) => s.noise).sort((a, b) => b - a));
  const [worst] = order;
  const keepFloat = new Set(products.filter((name) => name !== worst!.name));
  const { model: alone } = quantiseCalibrated(calibration, { keepFloat });
  const [a] = batches;
  const first = await layerSensitivities(calibration, [a!], {}, { threads: 1 });
  const expected = 10 ** (-decibels(await outputOf(calibration.model, a!), await outputOf(alone, a!)) / 10);
  expect(first.find((s) => s.name === worst!.name)!.noise).toBeCloseTo(expected, 8);
});

test.each([0, 1, 2, 3, 4, 5, 6])('finds that %i layers must stay in float', async (needed) => {
  const asked: number[] = [];
  const found = await mixedPrecision(
    calibration,
    {},
    order,
    async ({ layers }) => {
      const float = layers.filter((l) => l.reason === 'it was chosen to stay in float').length;
      asked.push(float);
      return float >= needed ? 0.9 : 0.5 + float / 100;
    },
    0.9,
  );
  expect(found.met).toBe(true);
  expect(found.keptFloat).toEqual(order.slice(0, needed).map((s) => s.name));
  expect(asked.length).toBeLessThanOrEqual(6);
});

test('says when no count of layers is enough, and gives the best', async () => {
  const found = await mixedPrecision(
    calibration,
    {},
    order,
    async ({ layers }) => {
      const float = layers.filter((l) => l.reason === 'it was chosen to stay in float').length;
      return float === 2 ? 0.7 : 0.5;
    },
    0.9,
  );
  expect(found).toMatchObject({ met: false, accuracy: 0.7 });
});
