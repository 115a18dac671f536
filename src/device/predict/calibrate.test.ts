import { expect, test } from 'vitest';
import { fail } from '../../errors.ts';
import { decodeModel } from '../../onnx/decode.ts';
import type { OnnxModel } from '../../onnx/model.ts';
import { createRandom } from '../../random.ts';
import { PRESETS } from '../../space/presets/index.ts';
import { adjustCalibration } from './adjust.ts';
import { type CalibratedModel, calibrateLatency } from './calibrate.ts';
import { checkCalibration } from './check.ts';
import { predictLatency } from './fit.ts';
import { kernelsOf } from './kernels.ts';
import { drawModel } from './random-models.ts';
import { type Timer, timeHere } from './time-briefly.ts';
import { steady } from './typical-latency.ts';
import { workOf } from './work.ts';

const setting = {
  spaces: [PRESETS.mobile, PRESETS.nasbench201, PRESETS.residual],
  io: { inputShape: [3, 32, 32], outputs: 10 },
} as const;

test('a calibration ends when it is aborted, and says when it had too little time', async () => {
  const options = {
    ways: [setting],
    timer: (model: Uint8Array) => timeHere(model, 1),
    seconds: 0.01,
    seed: 1,
  };
  await expect(calibrateLatency(options)).rejects.toThrow('too few to fit');
  await expect(
    calibrateLatency({ ...options, seconds: 60, signal: AbortSignal.abort(new Error('stop')) }),
  ).rejects.toThrow('stop');
});

/** A machine without noise whose latency the predictor can learn. */
const machine: Timer = async (encoded) => {
  let ms = 0.1;
  for (const { kind, amounts } of kernelsOf(decodeModel(encoded))) {
    const amount = (sort: string): number => amounts[kind.sorts.indexOf(sort)] ?? 0;
    ms += 0.002 + 1e-7 * amount('macs') + 1e-6 * amount('output');
  }
  return steady(ms);
};

const twiceAsSlow: Timer = async (encoded) => steady(2 * (await machine(encoded)).medianMs);

test('what is calibrated is predicted, and a check says so', async () => {
  const setting = { spaces: [PRESETS.nasbench201], io: { inputShape: [3, 32, 32], outputs: 10 } } as const;
  const {
    models: [calibrated],
  } = await calibrateLatency({
    ways: [setting],
    timer: machine,
    seconds: 1e6,
    seed: 1,
    networks: 60,
  });
  const model = calibrated!;
  expect(model.networks).toBe(60);
  const check = async (float: object, options: { timer: Timer; networks: number; seed: number }) => {
    const models = { float: structuredClone(float) as never };
    const found = await checkCalibration({ models }, { ways: { float: setting }, seconds: 1e6, ...options });
    return found.float!;
  };
  const checked = await check(model, { timer: machine, networks: 20, seed: 2 });
  expect(checked.networks).toBe(20);
  expect(checked.withinTenPercent).toBeGreaterThan(0.95);
  expect(checked.rankCorrelation).toBeGreaterThan(0.99);
  expect(Math.abs(checked.bias)).toBeLessThan(0.03);
  expect(checked.spaces).toEqual({ nasbench201: expect.objectContaining({ networks: 20 }) });
  expect(checked.predictMs.p95).toBeGreaterThanOrEqual(checked.predictMs.p50);
  expect(checked.missed.filter((text) => !text.startsWith('a prediction takes'))).toEqual([]);
  // A file may have no landmarks, and other networks than those are not taken for them.
  const unknown = [[], model.landmarks.map((one) => ({ ...one, predictedMs: 1.01 * one.predictedMs }))];
  for (const landmarks of unknown) {
    const found = await check({ ...model, landmarks }, { timer: machine, networks: 4, seed: 2 });
    expect(found).toMatchObject({ networks: 4, slowness: null, withinAtSpeed: null });
  }
  const slower = await check(model, { timer: twiceAsSlow, networks: 10, seed: 2 });
  expect(slower.bias).toBeCloseTo(-0.5, 1);
  expect(slower.withinTenPercent).toBe(0);
  // A machine that is slower by the same factor for all networks says nothing against the calibration.
  expect(slower.slowness).toEqual({ factor: expect.closeTo(2, 6), networks: 24 });
  expect(slower.withinAtSpeed).toBeGreaterThan(0.95);
  expect(slower.coverage).toBe(0);
  // Adjusted to that machine, the file predicts it, and the machine is no slower than it says.
  const ways = { float: setting, int8: setting };
  const { models, slowness } = await adjustCalibration(
    { models: { float: structuredClone(model) as never, int8: { ...model, landmarks: [] } as never } },
    { ways, timer: twiceAsSlow, seconds: 1e6 },
  );
  expect(slowness).toEqual({ float: { factor: expect.closeTo(2, 6), networks: 24 }, int8: null });
  expect(models.int8!.slowness).toBeUndefined();
  const again = await check(models.float!, { timer: twiceAsSlow, networks: 10, seed: 2 });
  expect(again.withinTenPercent).toBe(slower.withinAtSpeed);
  expect(Math.abs(again.bias)).toBeLessThan(0.03);
  expect(again.slowness).toEqual({ factor: expect.closeTo(1, 6), networks: 24 });
  expect(slower.missed.join('; ')).toMatch(
    /0.0 % of the networks are within.*at today's speed, .* %: the machine is 100.0 % slower than the calibration says, and `device adjust`.*0.0 % lie in the interval/,
  );
}, 60_000);

test('several ways of deployment are timed in turns, each with a predictor of its own', async () => {
  const float = { spaces: [PRESETS.nasbench201], io: { inputShape: [3, 32, 32], outputs: 10 } } as const;
  // Networks in 8 bits are those whose producer says so, on a machine that takes three times as long for them.
  const int8 = { ...float, prepare: (model: OnnxModel) => ({ ...model, producer: 'eight bits' }) };
  const asked: string[] = [];
  const timer: Timer = async (encoded) => {
    const { producer } = decodeModel(encoded);
    asked.push(producer);
    return steady((producer === 'eight bits' ? 3 : 1) * (await machine(encoded)).medianMs);
  };
  const { models } = await calibrateLatency({
    ...{ ways: [float, int8], timer, seconds: 1e6, seed: 1, networks: 45 },
  });
  expect(models.map(({ networks }) => networks)).toEqual([45, 45]);
  for (let i = 0; i < 90; i += 2) expect([asked[i], asked[i + 1]]).toEqual([asked[0], 'eight bits']);
  expect(asked[0]).not.toBe('eight bits');
  const [a, b] = models as [CalibratedModel, CalibratedModel];
  const work = workOf(kernelsOf(await drawModel(float, 0, createRandom('ways'))));
  expect(predictLatency(b, work).ms / predictLatency(a, work).ms).toBeCloseTo(3, 1);
  expect(b.landmarks.map(({ index }) => index)).toEqual(Array.from({ length: 24 }, (_, i) => i));
  for (const [i, { index, ms }] of a.landmarks.entries()) {
    expect(index).toBe(i);
    expect(b.landmarks[i]!.ms / ms).toBeCloseTo(3, 6);
  }
  const found = await checkCalibration(
    { models: structuredClone({ float: a, int8: b }) as never },
    { ways: { float, int8 }, timer, seconds: 1e6, networks: 10, seed: 2 },
  );
  expect(Object.keys(found)).toEqual(['float', 'int8']);
  for (const one of [found.float!, found.int8!]) {
    expect(one.networks).toBe(10);
    expect(one.withinTenPercent).toBe(1);
    expect(one.slowness).toEqual({ factor: expect.closeTo(1, 6), networks: 24 });
  }
});

test('a device that is lost before each way has enough networks says so, and not that the time was short', async () => {
  let asked = 0;
  const timer: Timer = async (encoded) => {
    asked++;
    if (asked > 150) return fail('DEVICE_UNREACHABLE', { device: 'a', reason: 'gone' });
    // It takes hardly any of the second way.
    return asked % 2 === 0 && asked > 20 ? fail('MODEL_LOAD', { reason: 'no 8 bits' }) : machine(encoded);
  };
  const way = { spaces: [PRESETS.nasbench201], io: { inputShape: [3, 32, 32], outputs: 10 } } as const;
  const options = { ways: [way, way], timer, seconds: 1e6, seed: 1, networks: 200 };
  await expect(calibrateLatency(options)).rejects.toMatchObject({ code: 'DEVICE_UNREACHABLE' });
});
