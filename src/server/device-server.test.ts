/** The contract of `device serve`: who may ask, what is taken, what comes back; and the page's side of it. */
import { createHash } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { MODEL_TYPE, ROUTES } from '../device/remote/contract.ts';
import { httpDevice } from '../device/remote/http-device.ts';
import type { DeviceDescription, DeviceMeasurement, MeasureParameters } from '../device/remote/wire.ts';
import { encodeModel } from '../onnx/encode.ts';
import { createGraphBuilder } from '../onnx/graph-builder.ts';
import { type DeviceServer, isLoopback, startDeviceServer } from './device-server.ts';
import { limitSeconds, type Measurer, problem } from './measurer.ts';
import { createPageMeasurer } from './page-measurer.ts';
import { createProcessMeasurer } from './process-measurer.ts';

const MAX = 10_000;
const TOKEN = 'a secret';
const servers: DeviceServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

const description: DeviceDescription = {
  protocol: 1,
  version: '0.1.0',
  device: 'a fake',
  runtime: 'none',
  providers: ['cpu'],
  threads: 1,
  maxModelBytes: MAX,
};
const answerFor = (model: Uint8Array, { threads }: MeasureParameters): DeviceMeasurement => ({
  protocol: 1,
  version: '0.1.0',
  device: 'a fake',
  runtime: 'none',
  provider: 'cpu',
  threads,
  modelDigest: createHash('sha256').update(model).digest('hex'),
  modelBytes: model.byteLength,
  p50Ms: 2,
  p95Ms: 3,
  lowMs: 1.9,
  highMs: 2.1,
  runs: 30,
  averagedOver: 1,
  inputs: { x: [1, 3] },
  assumed: [],
  reference: { medianMs: 1, drift: 0, spread: 0 },
  memory: null,
  trusted: true,
  doubts: [],
});

/** Measures nothing; says how many measurements ran at once at most. */
function fake(
  wait: () => Promise<unknown> = async () => undefined,
): Measurer & { most: () => number; asked: () => number } {
  let [running, most, asked] = [0, 0, 0];
  return {
    most: () => most,
    asked: () => asked,
    describe: () => description,
    measure: async (model, parameters) => {
      asked++;
      most = Math.max(most, ++running);
      await wait();
      running--;
      return answerFor(model, parameters);
    },
    close: async () => undefined,
  };
}

async function start(measurer: Measurer, token: string | null = TOKEN): Promise<string> {
  const server = await startDeviceServer({ measurer, host: '127.0.0.1', port: 0, token, maxModelBytes: MAX });
  servers.push(server);
  return server.origin;
}

const model = (size = 16): Uint8Array => new Uint8Array(size).fill(7);
const post = (origin: string, body: Uint8Array, headers: Record<string, string> = {}, query = '') =>
  fetch(`${origin}${ROUTES.measurements}${query}`, {
    method: 'POST',
    body: new Uint8Array(body),
    headers: { 'content-type': MODEL_TYPE, authorization: `Bearer ${TOKEN}`, ...headers },
  });

describe('who may ask', () => {
  test.each([
    ['no token', undefined],
    ['another', 'Bearer wrong'],
    ['its beginning', `Bearer ${TOKEN.slice(0, 3)}`],
    ['not as a bearer', TOKEN],
  ])('%s: 401, and nothing is measured or told', async (_, authorization) => {
    const measurer = fake();
    const origin = await start(measurer);
    const headers = authorization === undefined ? {} : { authorization };
    for (const path of [ROUTES.device, ROUTES.measurements, '/elsewhere']) {
      const response = await fetch(`${origin}${path}`, {
        headers,
        method: path === ROUTES.measurements ? 'POST' : 'GET',
      });
      expect(response.status).toBe(401);
      expect(await response.text()).not.toContain('a fake');
    }
    expect(measurer.asked()).toBe(0);
  });

  test('with the token: the description and a measurement', async () => {
    const origin = await start(fake());
    const device = httpDevice(`${origin}/#${encodeURIComponent(TOKEN)}`);
    expect(await device.describe()).toEqual(description);
    expect(await device.measure(model(), { threads: 1 })).toMatchObject({ p50Ms: 2, threads: 1 });
  });

  test('beyond loopback only with a token', async () => {
    const open = { measurer: fake(), host: '0.0.0.0', port: 0, token: null, maxModelBytes: MAX };
    await expect(startDeviceServer(open)).rejects.toMatchObject({ code: 'DEVICE_SERVE' });
    expect(['127.0.0.1', '127.1.2.3', 'localhost', '::1', '[::1]'].every(isLoopback)).toBe(true);
    expect(
      ['0.0.0.0', '::', '192.168.1.5', 'localhost.evil.example', '127.0.0.1.nip.example', ''].some(
        isLoopback,
      ),
    ).toBe(false);
  });

  test('without a token: not under a name of somebody else, as a web page would', async () => {
    const origin = await start(fake(), null);
    expect((await fetch(`${origin}${ROUTES.device}`)).status).toBe(200);
    const status = await new Promise((resolve) => {
      httpRequest(`${origin}${ROUTES.device}`, { headers: { host: 'evil.example:80' } }, (response) =>
        resolve(response.resume().statusCode),
      ).end();
    });
    expect(status).toBe(403);
  });

  test('a port that is taken', async () => {
    const port = Number(new URL(await start(fake())).port);
    const again = { measurer: fake(), host: '127.0.0.1', port, token: TOKEN, maxModelBytes: MAX };
    await expect(startDeviceServer(again)).rejects.toThrow(/another program uses that port/);
  });
});

describe('what is taken', () => {
  test.each<[string, Uint8Array, Record<string, string>, string, number]>([
    ['too large', model(MAX + 1), {}, '', 413],
    ['nothing', model(0), {}, '', 400],
    ['a form, as a web page can send it', model(), { 'content-type': 'text/plain' }, '', 415],
    ['parameters that are none', model(), {}, '?parameters=%7B', 400],
    ['a thousand threads and more', model(), {}, `?parameters=${encodeURIComponent('{"threads":1e9}')}`, 400],
    ['an hour', model(), {}, `?parameters=${encodeURIComponent('{"maxSeconds":3600}')}`, 400],
    ['a shape below 1', model(), {}, `?parameters=${encodeURIComponent('{"shapes":{"x":[0]}}')}`, 400],
  ])('%s', async (_, body, headers, query, status) => {
    const measurer = fake();
    const response = await post(await start(measurer), body, headers, query);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({
      error: { message: expect.any(String), hint: expect.any(String) },
    });
    expect(measurer.asked()).toBe(0);
  });

  test('a body that says no size and is too large', async () => {
    const origin = await start(fake());
    const status = await new Promise((resolve, reject) => {
      const request = httpRequest(
        `${origin}${ROUTES.measurements}`,
        { method: 'POST', headers: { 'content-type': MODEL_TYPE, authorization: `Bearer ${TOKEN}` } },
        (response) => resolve(response.resume().statusCode),
      );
      request.on('error', reject);
      request.write(model(MAX));
      request.write(model(MAX));
    });
    expect(status).toBe(413);
  });

  test('other methods and addresses', async () => {
    const origin = await start(fake());
    const headers = { authorization: `Bearer ${TOKEN}` };
    expect((await fetch(`${origin}${ROUTES.measurements}`, { headers })).status).toBe(405);
    expect((await fetch(`${origin}${ROUTES.device}`, { headers, method: 'DELETE' })).status).toBe(405);
    expect((await fetch(`${origin}/v1/../etc/passwd`, { headers })).status).toBe(404);
  });

  test('one at a time; too many waiting are sent away; whoever left is not measured for', async () => {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const measurer = fake(() => gate);
    const origin = await start(measurer);
    const left = new AbortController();
    const gone = fetch(`${origin}${ROUTES.measurements}`, {
      method: 'POST',
      body: model(),
      headers: { 'content-type': MODEL_TYPE, authorization: `Bearer ${TOKEN}` },
      signal: left.signal,
    }).catch(() => null);
    const first = post(origin, model());
    await expect.poll(measurer.asked).toBe(1);
    const others = Array.from({ length: 40 }, () => post(origin, model()));
    const refused = await Promise.race(others.map(async (response) => (await response).status));
    expect(refused).toBe(429);
    left.abort();
    await gone;
    release();
    const statuses = (await Promise.all([first, ...others])).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([200, 429]));
    expect(measurer.most()).toBe(1);
  });
});

describe('a process of its own', () => {
  const tiny = (): Uint8Array => {
    const g = createGraphBuilder({ name: 'tiny' });
    g.output(g.op('Abs', [g.input('x', 'float32', ['batch', 'width'])]));
    return encodeModel(g.build());
  };

  test('measures, says what is wrong with a model, and outlives one that hangs', async () => {
    const measurer = createProcessMeasurer(MAX);
    const origin = await start(measurer);
    const device = httpDevice(`${origin}/#${encodeURIComponent(TOKEN)}`);
    const found = await device.measure(tiny(), {
      threads: 2,
      maxSeconds: 0.2,
      shapes: { x: [2, 64] },
      memory: true,
      outputs: true,
    });
    expect(found).toMatchObject({ provider: 'cpu', threads: 2, inputs: { x: [2, 64] }, assumed: [] });
    expect(Object.values(found.outputs!)[0]).toMatchObject({ shape: [2, 64] });
    expect(found.memory!.peakBytes).toBeGreaterThan(2 ** 24);
    await expect(device.measure(model(), {})).rejects.toMatchObject({
      code: 'DEVICE_MODEL',
      message: expect.stringContaining('cannot load the model'),
    });
    await expect(device.measure(tiny(), { shapes: { y: [1] } })).rejects.toMatchObject({
      code: 'DEVICE_MODEL',
    });
    // The process is killed with the measurement that nobody waits for, and another one takes the next.
    const left = new AbortController();
    const long = device.measure(tiny(), { maxSeconds: 60, signal: left.signal });
    setTimeout(() => left.abort(new Error('left')), 300);
    await expect(long).rejects.toThrow('left');
    const again = await device.measure(tiny(), { maxSeconds: 0.2 });
    expect(again.p50Ms).toBeGreaterThan(0);
    // Not asked for: the process may be one that has held other models.
    expect(again.memory).toBeNull();
  });
});

describe('the side of the page', () => {
  const parameters: MeasureParameters = {
    threads: 1,
    maxSeconds: 1,
    memory: false,
    shapes: {},
    outputs: false,
  };
  const never = new AbortController().signal;
  const page = (options = {}) => createPageMeasurer({ maxModelBytes: MAX, ...options });
  const unreachable = (reason: string) => ({ error: { code: 'DEVICE_UNREACHABLE', message: reason } });

  function greet(measurer: ReturnType<typeof page>, previous: string | null = null): string {
    const found = measurer.hello(description, previous);
    return 'session' in found ? found.session : expect.fail(found.error.message);
  }

  test('without a page nobody is there; with one its model reaches it, and its answer the one who asked', async () => {
    const measurer = page();
    expect(measurer.describe()).toMatchObject(unreachable('no page is open'));
    expect(await measurer.measure(model(), parameters, never)).toMatchObject(unreachable('no page is open'));
    const session = greet(measurer);
    expect(measurer.describe()).toMatchObject({ device: 'a fake', maxModelBytes: MAX });
    const waiting = measurer.next(session, never);
    const asked = measurer.measure(model(), parameters, never);
    const job = (await waiting)!;
    expect(job).toMatchObject({ model: model(), parameters });
    expect(measurer.result('another session', job.id, answerFor(model(), parameters))).toBe(false);
    expect(measurer.result(session, 'another job', answerFor(model(), parameters))).toBe(false);
    expect(measurer.result(session, job.id, answerFor(model(), parameters))).toBe(true);
    expect(await asked).toMatchObject({ p50Ms: 2 });
    // Twice is once too often.
    expect(measurer.result(session, job.id, answerFor(model(), parameters))).toBe(false);
  });

  test('a model waits for a page that is just about to ask', async () => {
    const measurer = page();
    const session = greet(measurer);
    const asked = measurer.measure(model(), parameters, never);
    const job = (await measurer.next(session, never))!;
    measurer.result(session, job.id, problem('DEVICE_ANSWER', 'broken', ''));
    expect(await asked).toMatchObject({ error: { message: 'broken' } });
  });

  test.each([
    ['nothing', {}],
    ['NaN', { ...answerFor(model(), parameters), p50Ms: Number.NaN }],
    ['text', 'rubbish'],
  ])('rubbish from the page: %s', async (_, answer) => {
    const measurer = page();
    const session = greet(measurer);
    const asked = measurer.measure(model(), parameters, never);
    const job = (await measurer.next(session, never))!;
    measurer.result(session, job.id, answer);
    expect(await asked).toMatchObject({ error: { code: 'DEVICE_ANSWER' } });
  });

  test.each<[string, (measurer: ReturnType<typeof page>, session: string) => void]>([
    ['is closed', (measurer, session) => measurer.bye(session)],
    ['is loaded anew', (measurer, session) => void greet(measurer, session)],
    ['asks for the next one', (measurer, session) => void measurer.next(session, AbortSignal.abort())],
  ])('a page that has a model and %s: the one who asked is told at once', async (_, leave) => {
    const measurer = page();
    const session = greet(measurer);
    const asked = measurer.measure(model(), parameters, never);
    await measurer.next(session, never);
    leave(measurer, session);
    expect(await asked).toMatchObject({ error: { code: 'DEVICE_UNREACHABLE' } });
  });

  test('a page that takes a model and never comes back: an answer all the same, and place for another page', async () => {
    vi.useFakeTimers();
    try {
      const measurer = page();
      const session = greet(measurer);
      const asked = measurer.measure(model(), parameters, never);
      await measurer.next(session, never);
      vi.advanceTimersByTime(1000 * limitSeconds(parameters));
      expect(await asked).toMatchObject({ error: { code: 'DEVICE_ANSWER' } });
      expect(measurer.describe()).toMatchObject(unreachable('no page is open'));
      expect(greet(measurer)).not.toBe(session);
    } finally {
      vi.useRealTimers();
    }
  });

  test('a second page is not taken; once the first is silent for long it is', async () => {
    const measurer = page({ goneSeconds: 0.05 });
    const first = greet(measurer);
    expect(measurer.hello(description, null)).toMatchObject({
      error: { message: expect.stringContaining('another page') },
    });
    await new Promise((resolve) => setTimeout(resolve, 80));
    const second = greet(measurer);
    expect(second).not.toBe(first);
    expect(measurer.next(first, never)).toBeUndefined();
    await measurer.close();
  });

  test('an idle line is let go after a while; a strange introduction and a strange provider are refused', async () => {
    const measurer = page({ holdSeconds: 0.02 });
    expect(measurer.hello({ protocol: 7 }, null)).toMatchObject({ error: { code: 'DEVICE_ANSWER' } });
    const session = greet(measurer);
    expect(await measurer.next(session, never)).toBeNull();
    expect(await measurer.measure(model(), { ...parameters, provider: 'webgpu' }, never)).toMatchObject({
      error: { code: 'DEVICE_REFUSED' },
    });
  });
});
