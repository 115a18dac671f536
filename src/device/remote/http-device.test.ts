/** Devices that lie, send rubbish, hang or go away: every one is recognised, and said in words. */
import { createHash } from 'node:crypto';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { ROUTES } from './contract.ts';
import { httpDevice } from './http-device.ts';
import { patientDevice } from './patience.ts';

const model = Uint8Array.of(1, 2, 3, 4);
const digest = createHash('sha256').update(model).digest('hex');

const description = {
  protocol: 1,
  version: '0.1.0',
  device: 'a fake',
  runtime: 'none 1.0',
  providers: ['cpu'],
  threads: 2,
  maxModelBytes: 1000,
};
const measurement = {
  protocol: 1,
  version: '0.1.0',
  device: 'a fake',
  runtime: 'none 1.0',
  provider: 'cpu',
  threads: 1,
  modelDigest: digest,
  modelBytes: 4,
  p50Ms: 2,
  p95Ms: 3,
  lowMs: 1.9,
  highMs: 2.1,
  runs: 30,
  averagedOver: 1,
  inputs: { x: [1, 3] },
  assumed: [],
  reference: { medianMs: 1, drift: -0.01, spread: 0.02 },
  memory: null,
  trusted: true,
  doubts: [],
};

let server: Server | null = null;
afterEach(() => stop());

async function stop(): Promise<void> {
  const open = server;
  server = null;
  if (open === null) return;
  const closed = new Promise((resolve) => open.close(resolve));
  open.closeAllConnections();
  await closed;
}

/** A server whose answers are played; the last one again and again. */
async function play(...answers: readonly RequestListener[]): Promise<{ url: string; asked: () => number }> {
  let asked = 0;
  server = createServer((request, response) => {
    if (request.url === ROUTES.device) return void json(description)(request, response);
    const answer = answers[Math.min(asked, answers.length - 1)]!;
    asked++;
    request.resume().on('end', () => answer(request, response));
  });
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/#secret`, asked: () => asked };
}

const text =
  (body: string, status = 200): RequestListener =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(body);
  };
const json = (body: object, status = 200): RequestListener => text(JSON.stringify(body), status);
const change = (part: object): RequestListener => json({ ...measurement, ...part });

test('an honest answer; the token goes along in a header, never in the address', async () => {
  let seen: [string | undefined, string | undefined] = [undefined, undefined];
  const { url } = await play((request, response) => {
    seen = [request.headers.authorization, request.url];
    json(measurement)(request, response);
  });
  expect(await httpDevice(url).measure(model, { threads: 1, maxSeconds: 1 })).toEqual(measurement);
  expect(seen[0]).toBe('Bearer secret');
  expect(seen[1]).not.toContain('secret');
});

describe('rubbish', () => {
  test.each<[string, RequestListener, RegExp]>([
    ['no JSON', text('<html>hello</html>'), /it is not JSON/],
    ['half of it', text('{"p50Ms": 2'), /it is not JSON/],
    ['nothing', text(''), /it is not JSON/],
    ['a list', text('[1, 2]'), /expected object/],
    ['NaN', text(JSON.stringify(measurement).replace('"p50Ms":2', '"p50Ms":NaN')), /it is not JSON/],
    ['null for a number', change({ p50Ms: null }), /p50Ms: expected number/],
    ['a negative latency', change({ p50Ms: -2, lowMs: -3 }), /p50Ms: Too small/],
    ['infinity', text(JSON.stringify(measurement).replace('"p95Ms":3', '"p95Ms":1e999')), /p95Ms/],
    ['an interval without its median', change({ lowMs: 2.05 }), /contradict each other/],
    ['p95 below p50', change({ p95Ms: 1 }), /contradict each other/],
    ['another model', change({ modelDigest: '0'.repeat(64) }), /another model/],
    ['another size', change({ modelBytes: 5 }), /says that the model has 5 bytes, which are 4/],
    ['another protocol', change({ protocol: 2 }), /protocol: .*1/],
    [
      'another version than said',
      change({ version: '9.9.9' }),
      /introduced itself with version "0.1.0".*"9.9.9"/,
    ],
    ['another machine than said', change({ device: 'another' }), /with device "a fake".*"another"/],
    ['another provider', change({ provider: 'cuda' }), /measured with cuda, not with cpu/],
    ['more threads', change({ threads: 4 }), /with 4 threads, 1 were asked for/],
    ['too much', text(`"${'x'.repeat(100_000)}"`), /larger than 65536 bytes/],
    ['an error of its own', text('oops', 500), /HTTP status 500/],
  ])('%s', async (_, answer, message) => {
    const { url } = await play(answer);
    const found = httpDevice(url).measure(model, { threads: 1, maxSeconds: 1 });
    await expect(found).rejects.toMatchObject({
      code: 'DEVICE_ANSWER',
      message: expect.stringMatching(message),
    });
    // The token stands in no message.
    await expect(found).rejects.toMatchObject({ message: expect.not.stringContaining('secret') });
  });
});

test('a redirect is not followed: the model and the token go nowhere else', async () => {
  const { url } = await play((_, response) => {
    response.writeHead(302, { location: 'http://127.0.0.1:9/' });
    response.end();
  });
  await expect(httpDevice(url).measure(model, {})).rejects.toMatchObject({ code: 'DEVICE_UNREACHABLE' });
});

test('who hangs does not answer, who breaks off does not either, who is busy may be asked again', async () => {
  const hang = await play(() => undefined);
  const soon = httpDevice(hang.url, { answerSeconds: 1 });
  await expect(soon.measure(model, { maxSeconds: 0.01 })).rejects.toMatchObject({
    code: 'DEVICE_UNREACHABLE',
    message: expect.stringMatching(/no answer within 1.04 s/),
  });
  await stop();
  const broken = await play((request) => request.socket.destroy());
  await expect(httpDevice(broken.url).measure(model, {})).rejects.toMatchObject({
    code: 'DEVICE_UNREACHABLE',
  });
  await stop();
  const busy = await play(json({ error: { code: 'BUSY', message: 'Too many', hint: '' } }, 429));
  await expect(httpDevice(busy.url).measure(model, {})).rejects.toMatchObject({
    code: 'DEVICE_UNREACHABLE',
    message: expect.stringContaining('Too many'),
  });
});

test('nobody at that address', async () => {
  await expect(httpDevice('http://127.0.0.1:1/').describe()).rejects.toMatchObject({
    code: 'DEVICE_UNREACHABLE',
    message: expect.stringMatching(/127\.0\.0\.1:1.*(ECONNREFUSED|bad port)/),
  });
});

test.each(['nonsense', 'ftp://host/', 'host:8377', ''])('"%s" is no address', (address) => {
  expect(() => httpDevice(address)).toThrow(expect.objectContaining({ code: 'USAGE' }));
});

test('a wrong token, a model that does not run, a model too large: no second try', async () => {
  const wrong = await play(json({ error: { code: 'UNAUTHORISED', message: '', hint: '' } }, 401));
  await expect(patient(wrong.url).measure(model, {})).rejects.toMatchObject({
    code: 'DEVICE_REFUSED',
    message: expect.stringContaining('token'),
  });
  expect(wrong.asked()).toBe(1);
  await stop();
  const bad = await play(
    json({ error: { code: 'MODEL_LOAD', message: 'no such operator', hint: 'x' } }, 422),
  );
  await expect(patient(bad.url).measure(model, {})).rejects.toMatchObject({
    code: 'DEVICE_MODEL',
    message: expect.stringContaining('no such operator'),
  });
  expect(bad.asked()).toBe(1);
  await expect(patient(bad.url).measure(new Uint8Array(1001), {})).rejects.toMatchObject({
    code: 'DEVICE_MODEL',
    message: expect.stringContaining('1001 bytes'),
  });
  expect(bad.asked()).toBe(1);
});

describe('patience', () => {
  test('rubbish, then silence, then an answer', async () => {
    const { url, asked } = await play(
      text('rubbish'),
      (request) => request.socket.destroy(),
      change({ modelDigest: 'f'.repeat(64) }),
      json(measurement),
    );
    const troubles: string[] = [];
    const waits: number[] = [];
    const device = patient(url, { troubles, waits });
    expect((await device.measure(model, {})).p50Ms).toBe(2);
    expect(asked()).toBe(4);
    expect(troubles).toHaveLength(3);
    expect(waits).toEqual([500, 1000, 2000]);
  });

  test('rubbish three times is enough', async () => {
    const { url, asked } = await play(text('rubbish'));
    await expect(patient(url).measure(model, {})).rejects.toMatchObject({ code: 'DEVICE_ANSWER' });
    expect(asked()).toBe(3);
  });

  test('silence is waited for as long as is said, not much longer', async () => {
    const waits: number[] = [];
    const troubles: string[] = [];
    const device = patient('http://127.0.0.1:1/', { waits, troubles, seconds: 60 });
    await expect(device.measure(model, {})).rejects.toMatchObject({ code: 'DEVICE_UNREACHABLE' });
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 15_000, 15_000]);
    // The same trouble is told once.
    expect(troubles).toHaveLength(1);
  });

  test('an abort ends the waiting at once, with its reason', async () => {
    const controller = new AbortController();
    const device = patientDevice(httpDevice('http://127.0.0.1:1/'), {
      seconds: 3600,
      onTrouble: () => setTimeout(() => controller.abort(new Error('enough')), 20),
    });
    await expect(device.measure(model, { signal: controller.signal })).rejects.toThrow('enough');
  });
});

/** Asks again without really waiting. */
function patient(
  url: string,
  {
    troubles = [],
    waits = [],
    seconds = 60,
  }: { troubles?: string[]; waits?: number[]; seconds?: number } = {},
) {
  let clock = 0;
  return patientDevice(httpDevice(url), {
    seconds,
    onTrouble: (message) => troubles.push(message),
    now: () => clock,
    wait: async (ms) => {
      waits.push(ms);
      clock += ms;
    },
  });
}
