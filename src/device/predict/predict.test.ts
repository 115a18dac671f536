import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCli } from '../../cli/program.ts';
import { fail } from '../../errors.ts';
import { decodeModel } from '../../onnx/decode.ts';
import { encodeModel } from '../../onnx/encode.ts';
import type { OnnxModel } from '../../onnx/model.ts';
import { createRandom } from '../../random.ts';
import { PRESETS } from '../../space/presets/index.ts';
import { type CalibratedModel, calibrateLatency } from './calibrate.ts';
import { FORMAT, formatCalibration, parseCalibration, readCalibration } from './calibration-file.ts';
import { checkCalibration } from './check.ts';
import { evaluate, type Sample } from './coefficients.ts';
import { USUAL_DRIFT } from './drift.ts';
import { fitLatency, predictLatency } from './fit.ts';
import { kernelsOf } from './kernels.ts';
import { adjusted } from './landmarks.ts';
import { drawModel, type RandomModels } from './random-models.ts';
import { type Timer, timeHere } from './time-briefly.ts';
import { timeInRounds } from './time-in-rounds.ts';
import { steady } from './typical-latency.ts';
import { workOf } from './work.ts';

const setting = {
  spaces: [PRESETS.mobile, PRESETS.nasbench201, PRESETS.residual],
  io: { inputShape: [3, 32, 32], outputs: 10 },
} as const;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-predict-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Latencies of a machine that follows the model, but for noise. */
function synthetic(count: number, noise: number): Sample[] {
  const random = createRandom('synthetic');
  return Array.from({ length: count }, () => {
    const [a, b, free] = [1 + random.next() * 9, random.next() * 5, random.next() * 5];
    const ms = (0.5 + 2 * a + 3 * b) * (1 + noise * random.normal());
    return {
      work: new Map([
        ['run', 1],
        ['a/macs', a],
        ['b/macs', b],
        ['free/moved', free],
      ]),
      ms,
    };
  });
}

test('coefficients are found again, and what costs nothing costs nothing', () => {
  const { coefficients, relativeError } = fitLatency(synthetic(80, 0), 0.9);
  expect(coefficients['a/macs']).toBeCloseTo(2, 1);
  expect(coefficients['b/macs']).toBeCloseTo(3, 1);
  expect(coefficients['free/moved'] ?? 0).toBeLessThan(0.01);
  // Nothing is missed: what is left is the drift of a machine between sessions.
  expect(relativeError).toBeCloseTo(1.593 * USUAL_DRIFT, 4);
});

test('the interval covers what it says, over sessions of which each is a little faster or slower', () => {
  const all = synthetic(1600, 0.05);
  const model = fitLatency(all.slice(0, 600), 0.9);
  const random = createRandom('sessions');
  const covered = all.slice(600).filter(({ work, ms }) => {
    const { lowMs, highMs } = predictLatency(model, work);
    const then = ms * (1 + USUAL_DRIFT * random.normal());
    return lowMs <= then && then <= highMs;
  });
  expect(covered.length / 1000).toBeGreaterThan(0.84);
  expect(covered.length / 1000).toBeLessThan(0.96);
});

test('what the sum over kernels misses is learnt from neighbours', () => {
  // A cost that no sum of amounts has: a share of the time by how the work is divided.
  const bent = synthetic(500, 0).map(({ work, ms }) => {
    const [a, b] = [work.get('a/macs')!, work.get('b/macs')!];
    return { work, ms: ms * (1 + 0.3 * (a / (a + b) - 0.5) ** 2 + (0.2 * a * b) / (a + b) ** 2) };
  });
  const model = fitLatency(bent.slice(0, 300), 0.9);
  const errors = (predict: (work: Sample['work']) => number): number =>
    Math.max(...bent.slice(300).map(({ work, ms }) => Math.abs(predict(work) / ms - 1)));
  const corrected = errors((work) => predictLatency(model, work).ms);
  expect(corrected).toBeLessThan(0.5 * errors((work) => evaluate(model.coefficients, work)));
});

test('work that calibration never saw is named', () => {
  const model = fitLatency(synthetic(80, 0), 0.9);
  expect(predictLatency(model, new Map([['Foo: Foo after Conv/calls', 1]])).unknown).toEqual([
    'Foo after Conv',
  ]);
});

test('kernels of real networks: one for each convolution, MACs not below the true ones', async () => {
  for (let i = 0; i < 3; i++) {
    const model = await drawModel(setting, i, createRandom(i));
    const kernels = kernelsOf(model);
    const convolutions = model.graph.nodes.filter(({ op }) => op === 'Conv').length;
    expect(convolutions).toBeGreaterThan(0);
    expect(kernels.filter(({ kind }) => kind.name.startsWith('Conv '))).toHaveLength(convolutions);
    for (const amount of workOf(kernels).values()) expect(Number.isFinite(amount)).toBe(true);
  }
});

test('weights come from a table, since nobody looks at them: drawing millions would take longer than timing', async () => {
  const models = { spaces: [PRESETS.nasbench201], io: { inputShape: [3, 32, 32], outputs: 10 } } as const;
  const { graph } = await drawModel(models, 0, createRandom('weights'));
  const largest = [...graph.initializers.values()].reduce((a, b) => (b.data.length > a.data.length ? b : a));
  expect(largest.data.length).toBeGreaterThan(30_000);
  expect(new Set(largest.data as Float32Array).size).toBeLessThanOrEqual(8191);
  expect(new Set(largest.data as Float32Array).size).toBeGreaterThan(4000);
});

const drawnFrom = (models: RandomModels, seed: string) => {
  const random = createRandom(seed);
  return { random, draw: (index: number) => drawModel(models, index, random.split(index)) };
};

test('networks are timed in rounds, each in another order, and a slow one does not count', async () => {
  // A machine that is slow during the first round.
  const asked: number[] = [];
  const timer: Timer = async (encoded) => {
    const { graph } = decodeModel(encoded);
    asked.push(graph.nodes.length);
    return steady(graph.nodes.length * (asked.length <= 5 ? 3 : 1));
  };
  const { samples, refused } = await timeInRounds({
    ...drawnFrom(setting, 'rounds'),
    timer,
    rounds: 4,
    seconds: 1e6,
    networks: 5,
  });
  expect(asked).toHaveLength(20);
  for (const [i, { ms, rounds }] of samples.entries()) {
    const nodes = asked[i]!;
    expect(ms).toBeCloseTo(nodes, 9);
    expect(rounds).toEqual([3, 1, 1, 1].map((slow) => steady(slow * nodes)));
  }
  expect(refused).toEqual([]);
  const ascending = (round: number): number[] => asked.slice(5 * round, 5 * round + 5).sort((a, b) => a - b);
  for (const round of [1, 2, 3]) expect(ascending(round)).toEqual(ascending(0));
  expect(asked.slice(15)).not.toEqual(asked.slice(0, 5));
});

test('a small budget goes to as many networks as a fit needs, before it goes to rounds', async () => {
  const setting = { spaces: [PRESETS.repvgg], io: { inputShape: [3, 8, 8], outputs: 2 } } as const;
  const options = { ...drawnFrom(setting, 'small'), networks: 30, rounds: 4 };
  // Each timing is a large share of the time: without a need the first round leaves room for three more.
  const timer: Timer = () => new Promise((resolve) => setTimeout(() => resolve(steady(1)), 40));
  const few = await timeInRounds({ ...options, timer, seconds: 0.2 });
  expect(few.samples.length).toBeLessThan(5);
  const shares: number[] = [];
  const needed = await timeInRounds({
    ...{ ...options, timer: async () => steady(1), seconds: 1e6, networks: 6, fewest: 6 },
    onTimed: ({ share }) => shares.push(share),
  });
  expect(needed.samples).toHaveLength(6);
  expect(shares).toEqual([...shares].sort((a, b) => a - b));
  expect(shares.at(-1)).toBe(1);
});

test('a device whose answers are of no use now and then costs a network, always so ends it', async () => {
  let asked = 0;
  const answers: Timer = async () =>
    ++asked % 4 === 2 ? fail('DEVICE_ANSWER', { device: 'a', reason: 'rubbish' }) : steady(1);
  const options = { ...drawnFrom(setting, 'rubbish'), seconds: 1e6, networks: 4, rounds: 4 };
  const { samples } = await timeInRounds({ ...options, timer: answers });
  expect(samples).toHaveLength(3);
  const rubbish = async () => fail('DEVICE_ANSWER', { device: 'a', reason: 'rubbish' });
  await expect(timeInRounds({ ...options, timer: rubbish })).rejects.toThrow('rubbish');
});

test('a network that the runtime refuses is skipped and counted; when it refuses all, it says why', async () => {
  let asked = 0;
  const timer: Timer = async () => {
    asked++;
    return asked % 5 === 2 ? fail('MODEL_LOAD', { reason: 'no such operator' }) : steady(1);
  };
  const options = {
    ...drawnFrom(setting, 'refused'),
    timer,
    seconds: 1e6,
    networks: 4,
    rounds: 4,
  };
  const { samples, refused } = await timeInRounds(options);
  // The second network at first, the others later on: what was refused once is not asked for again.
  expect(refused[0]!.reason).toContain('no such operator');
  expect(refused[0]!.index).toBe(1);
  expect(refused.length + samples.length).toBe(4);
  expect(samples.map(({ index }) => index)).not.toContain(1);
  const never = async () => fail('MODEL_LOAD', { reason: 'not at all' });
  await expect(timeInRounds({ ...options, timer: never })).rejects.toThrow('not at all');
  // A device that is away is not a network's fault.
  const gone = async () => fail('DEVICE_UNREACHABLE', { device: 'a', reason: 'gone' });
  await expect(timeInRounds({ ...options, timer: gone })).rejects.toMatchObject({
    code: 'DEVICE_UNREACHABLE',
  });
});

test('a device that is lost on the way: what was timed until then counts, where it suffices', async () => {
  const lostAfter = (answers: number): Timer => {
    let asked = 0;
    return async () =>
      ++asked > answers ? fail('DEVICE_UNREACHABLE', { device: 'a', reason: 'gone' }) : steady(1);
  };
  const options = {
    ...drawnFrom(setting, 'lost'),
    seconds: 1e6,
    networks: 6,
    rounds: 4,
    fewest: 4,
  };
  // In the second round.
  const { samples, lost } = await timeInRounds({ ...options, timer: lostAfter(8) });
  expect(lost?.message).toContain('gone');
  expect(samples.map(({ rounds }) => rounds.length).sort()).toEqual([1, 1, 1, 1, 2, 2]);
  await expect(timeInRounds({ ...options, timer: lostAfter(3) })).rejects.toMatchObject({
    code: 'DEVICE_UNREACHABLE',
    message: expect.stringContaining('gone; 3 networks were timed by then, fewer than the 4 that are needed'),
  });
  expect((await timeInRounds({ ...options, timer: async () => steady(1) })).lost).toBeNull();
});

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
  // A file of an earlier version has no landmarks, and other networks than those are not taken for them.
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
  const again = await check(adjusted(model, slower.slowness!), { timer: twiceAsSlow, networks: 10, seed: 2 });
  expect(again.withinTenPercent).toBe(slower.withinAtSpeed);
  expect(Math.abs(again.bias)).toBeLessThan(0.03);
  expect(again.slowness).toEqual({ factor: expect.closeTo(1, 6), networks: 24 });
  expect(slower.missed.join('; ')).toMatch(
    /0.0 % of the networks are within.*at today's speed, .* %: the machine is 100.0 % slower than the calibration says.*0.0 % lie in the interval/,
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

test('a file is read, predicts a model, and is refused when it is something else', async () => {
  const path = join(folder, 'latency.json');
  const model = fitLatency(
    [1, 2, 3, 4].flatMap(() => synthetic(40, 0)),
    0.9,
  );
  const file = {
    format: FORMAT,
    machine: 'a board',
    runtime: 'an engine',
    provider: 'cpu',
    threads: 1,
    version: '0',
    spaces: ['mobile'],
    inputShape: [3, 32, 32],
    models: { float: { ...model, networks: 160 } },
  };
  writeFileSync(path, JSON.stringify(file));
  // What predictions do without has its default.
  expect(parseCalibration(JSON.stringify(file), path).models.float).toEqual({
    ...model,
    networks: 160,
    refused: 0,
    free: [],
    seed: '0',
    slowness: 1,
    landmarks: [],
  });
  const text = formatCalibration(parseCalibration(JSON.stringify(file), path));
  expect(parseCalibration(text, path)).toEqual(parseCalibration(JSON.stringify(file), path));
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(130);
  expect(() => parseCalibration('{', path)).toThrow('it is not JSON');
  expect(() => parseCalibration(JSON.stringify({ ...file, format: 'espalier-latency-1' }), path)).toThrow(
    'another version of Espalier (espalier-latency-1, this one reads espalier-latency-2)',
  );
  expect(() => parseCalibration(JSON.stringify({ ...file, threads: 0 }), path)).toThrow('threads');
  expect(() => parseCalibration(JSON.stringify({ ...file, models: {} }), path)).toThrow('there is none');
  await expect(readCalibration(join(folder, 'none.json'))).rejects.toThrow('cannot be read');
  const onnx = join(folder, 'model.onnx');
  const drawn = await drawModel(setting, 2, createRandom('cli'));
  writeFileSync(onnx, encodeModel(drawn));
  let out = '';
  let err = '';
  const terminal = {
    stdout: {
      write: (text: string) => {
        out += text;
      },
    },
    stderr: {
      write: (text: string) => {
        err += text;
      },
    },
  };
  // A file of an earlier version has no landmarks to adjust it by, which is told before anything is timed.
  expect(await runCli(['device', 'check', path, '--adjust'], terminal)).toBe(2);
  expect(err).toContain('cannot be adjusted');
  expect(out).toBe('');
  expect(await runCli(['device', 'predict', onnx, '--calibration', path, '--json'], terminal)).toBe(0);
  expect(JSON.parse(out)).toMatchObject({
    predicted: true,
    machine: 'a board',
    ms: predictLatency(model, workOf(kernelsOf(drawn))).ms,
  });
});
