/** WebGPU in the page: SwiftShader stands in for a graphics processor where Chromium has it. */
import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { httpDevice } from '../device/remote/http-device.ts';
import { outputsHere } from '../device/remote/measure-here.ts';
import { convBnAct } from '../network/blocks/conv-bn-act.ts';
import { networkBuilder } from '../network/builder.ts';
import { deploymentModel } from '../network/deploy.ts';
import { initialWeights } from '../network/initialise.ts';
import { encodeModel } from '../onnx/encode.ts';
import { createRandom } from '../random.ts';
import { type DeviceServer, startDeviceServer } from './device-server.ts';
import { preparePage } from './page-files.ts';
import { createPageMeasurer } from './page-measurer.ts';

const executable = process.env.ESPALIER_CHROMIUM ?? '/usr/bin/chromium';
const ARGUMENTS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-features=Vulkan',
];
const TOKEN = 'a token';
const MAX = 2 ** 26;

// Skipped without a browser: install the package chromium.
describe.skipIf(!existsSync(executable))('the page with WebGPU', () => {
  let browser: Browser;
  let server: DeviceServer;
  let page: Page;

  beforeAll(async () => {
    const measurer = createPageMeasurer({ maxModelBytes: MAX });
    server = await startDeviceServer({
      measurer,
      page: { find: await preparePage(), measurer },
      host: '127.0.0.1',
      port: 0,
      token: TOKEN,
      maxModelBytes: MAX,
    });
    browser = await chromium.launch({ executablePath: executable, args: ARGUMENTS });
    page = await browser.newPage();
    await page.goto(`${server.origin}/#${encodeURIComponent(TOKEN)}`);
    await page.getByText('Waiting for a model').waitFor();
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await server.close();
  });

  test('a network gives there what it gives here', async ({ skip }) => {
    const device = httpDevice(`${server.origin}/?provider=webgpu#${encodeURIComponent(TOKEN)}`);
    const { providers } = await device.describe();
    if (!providers.includes('webgpu')) skip('this Chromium has no WebGPU adapter, not even a software one');
    // A software adapter compiles each operator for seconds: few of them.
    const b = networkBuilder([3, 8, 8]);
    const x = convBnAct(b, b.input, { out: 4, kernel: 3, stride: 2, activation: 'relu' });
    const network = b.build([b.linear(b.flatten(x), { out: 10 })]);
    const weights = initialWeights(network, createRandom('webgpu'));
    const model = encodeModel(deploymentModel(network, weights, 1));
    const there = await device.measure(model, { maxSeconds: 0.2, outputs: true });
    expect(there.provider).toBe('webgpu');
    expect(there.p50Ms).toBeGreaterThan(0);
    const here = await outputsHere(model, {});
    const [name = ''] = Object.keys(here);
    const [found, expected] = [there.outputs!, here].map((outputs) => outputs[name]!.data.map(Number));
    expect(found).toHaveLength(10);
    for (const [i, value] of found!.entries()) expect(Math.abs(value - expected![i]!)).toBeLessThan(1e-3);
  }, 120_000);
});
