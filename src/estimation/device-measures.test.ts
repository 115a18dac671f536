import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { deviceMeasures } from './device-measures.ts';

interface Played {
  readonly p50Ms: number;
  readonly referenceMs: number;
  readonly trusted: boolean;
}

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A device that gives one figure after the other. */
async function play(figures: readonly Played[]): Promise<{ readonly address: string; asked: () => number }> {
  let asked = 0;
  const said = { protocol: 1, version: '0.1.0', device: 'played', runtime: 'none' };
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      if (request.method === 'GET') {
        response.end(JSON.stringify({ ...said, providers: ['cpu'], threads: 1, maxModelBytes: 2 ** 20 }));
        return;
      }
      const model = Buffer.concat(parts);
      const { p50Ms, referenceMs, trusted } = figures[asked++]!;
      response.end(
        JSON.stringify({
          ...said,
          provider: 'cpu',
          threads: 1,
          modelDigest: createHash('sha256').update(model).digest('hex'),
          modelBytes: model.length,
          p50Ms,
          p95Ms: 2 * p50Ms,
          lowMs: 0.9 * p50Ms,
          highMs: 1.1 * p50Ms,
          runs: 30,
          averagedOver: 1,
          inputs: {},
          assumed: [],
          reference: { medianMs: referenceMs, drift: 0, spread: 0 },
          memory: { peakBytes: 5e6, addedBytes: 1e6 },
          trusted,
          doubts: trusted ? [] : ['busy'],
        }),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, asked: () => asked };
}

const ask = (address: string, int8: Uint8Array | null = null) =>
  deviceMeasures({
    devices: { targets: [{ name: 'board', address, maxMs: null, memory: true }], patienceSeconds: 1 },
    threads: 1,
    float: Uint8Array.of(1, 2, 3),
    int8,
    signal: new AbortController().signal,
    onTrouble: () => undefined,
  });

test.each<[string, readonly Played[], number, number]>([
  ['trusted: asked once', [{ p50Ms: 2, referenceMs: 1, trusted: true }], 2, 1],
  [
    'in doubt, then trusted',
    [
      { p50Ms: 3, referenceMs: 1, trusted: false },
      { p50Ms: 2, referenceMs: 1.1, trusted: true },
    ],
    2,
    1,
  ],
  [
    'in doubt twice: the moment in which the reference was faster',
    [
      { p50Ms: 2, referenceMs: 1, trusted: false },
      { p50Ms: 3, referenceMs: 1.5, trusted: false },
    ],
    2,
    0,
  ],
])('%s', async (_, figures, latencyMs, trusted) => {
  const device = await play(figures);
  const { measures, error } = await ask(device.address);
  expect(error).toBeNull();
  expect(device.asked()).toBe(figures.length);
  expect(measures).toEqual({
    'latencyMs@board': latencyMs,
    'latencyLowMs@board': 0.9 * latencyMs,
    'latencyHighMs@board': 1.1 * latencyMs,
    'latencyTrusted@board': trusted,
    'peakMemoryBytes@board': 1e6,
  });
});

test('in 8 bits: both latencies, and both must be trusted', async () => {
  const device = await play([
    { p50Ms: 2, referenceMs: 1, trusted: true },
    { p50Ms: 1, referenceMs: 1, trusted: false },
    { p50Ms: 1.2, referenceMs: 1.2, trusted: false },
  ]);
  const { measures } = await ask(device.address, Uint8Array.of(4));
  expect(measures).toMatchObject({
    'latencyMs@board': 2,
    'int8LatencyMs@board': 1,
    'latencyTrusted@board': 0,
  });
});
