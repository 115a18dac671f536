/**
 * The page on WebGPU. Chromium brings a software adapter (SwiftShader), which it gives without `--disable-gpu` and with
 * `--enable-unsafe-webgpu`; where a browser gives none, there is nothing to compare.
 */
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CHROMIUM, hasChromium, QUIET_BROWSER } from '../../test/fixtures/chromium.ts';
import { httpDevice } from '../device/remote/http-device.ts';
import { measureHere } from '../device/remote/measure-here.ts';
import { MeasureParameters } from '../device/remote/wire.ts';
import { networkCost } from '../network/cost.ts';
import { deploymentModel } from '../network/deploy.ts';
import { initialWeights } from '../network/initialise.ts';
import type { Network } from '../network/network.ts';
import { encodeModel } from '../onnx/encode.ts';
import { createRandom } from '../random.ts';
import { PRESETS } from '../space/presets/index.ts';
import { sampleNetwork } from '../space/sample-network.ts';
import type { SearchSpace } from '../space/space.ts';
import { type DeviceServer, startDeviceServer } from './device-server.ts';
import { preparePage } from './page-files.ts';
import { createPageMeasurer } from './page-measurer.ts';

const ARGUMENTS = ['--headless=new', '--enable-unsafe-webgpu', ...QUIET_BROWSER];
const io = { inputShape: [3, 16, 16], outputs: 10 } as const;
/** Of one image: a software adapter is slow, and takes a second for each reading of the reference kernel already. */
const MOST_MACS = 2e6;

function draw(space: SearchSpace): Network {
  const random = createRandom(`webgpu ${space.name}`);
  for (;;) {
    const { network } = sampleNetwork(space, random, io, 'decisions');
    if (networkCost(network).macs < MOST_MACS) return network;
  }
}

// Skipped without a browser: install the package chromium.
describe.skipIf(!hasChromium)('the page on WebGPU in Chromium', () => {
  let browser: Browser;
  let server: DeviceServer;
  let providers: readonly string[];

  beforeAll(async () => {
    const measurer = createPageMeasurer({ maxModelBytes: 2 ** 26 });
    const find = await preparePage();
    server = await startDeviceServer({
      ...{ measurer, page: { find, measurer }, host: '127.0.0.1', port: 0, token: 'token' },
      maxModelBytes: 2 ** 26,
    });
    browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: ARGUMENTS,
      ignoreDefaultArgs: ['--disable-gpu'],
    });
    const page = await browser.newPage();
    await page.goto(`${server.origin}/#token`);
    await page.getByText('Waiting for a model').waitFor();
    ({ providers } = await httpDevice(`${server.origin}/#token`).describe());
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  test('the outputs are those of ONNX Runtime here, and a latency comes with them', async ({ skip }) => {
    if (!providers.includes('webgpu')) skip('this browser gives no WebGPU adapter, not even a software one');
    const network = draw(PRESETS.mobile);
    const model = encodeModel(deploymentModel(network, initialWeights(network, createRandom('weights')), 1));
    const asked = { maxSeconds: 0.1, outputs: true };
    const there = await httpDevice(`${server.origin}/?provider=webgpu#token`).measure(model, asked);
    const here = await measureHere(model, MeasureParameters.parse(asked));
    expect(there.provider).toBe('webgpu');
    expect(there.lowMs).toBeGreaterThan(0);
    expect(there.lowMs).toBeLessThanOrEqual(there.highMs);
    const [name = ''] = Object.keys(here.outputs!);
    const [found, expected] = [there, here].map(({ outputs }) => outputs![name]!.data.map(Number));
    expect(found).toHaveLength(10);
    for (const [i, value] of found!.entries()) expect(Math.abs(value - expected![i]!)).toBeLessThan(1e-4);
    expect(Math.max(...expected!) - Math.min(...expected!)).toBeGreaterThan(0.01);
  });
});
