/** The page in a browser: what it computes is what ONNX Runtime computes here, in float and in 8 bits. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CHROMIUM, hasChromium, QUIET_BROWSER } from '../../test/fixtures/chromium.ts';
import { writeIdxImages } from '../../test/fixtures/idx-images.ts';
import { runCli } from '../cli/program.ts';
import { httpDevice } from '../device/remote/http-device.ts';
import { measureHere } from '../device/remote/measure-here.ts';
import { patientDevice } from '../device/remote/patience.ts';
import { MeasureParameters } from '../device/remote/wire.ts';
import { untrainedInt8Model } from '../estimation/int8-measures.ts';
import { deploymentModel } from '../network/deploy.ts';
import { initialWeights } from '../network/initialise.ts';
import { encodeModel } from '../onnx/encode.ts';
import { createGraphBuilder } from '../onnx/graph-builder.ts';
import { createRandom } from '../random.ts';
import { PRESETS } from '../space/presets/index.ts';
import { sampleGenome } from '../space/sampling.ts';
import { type DeviceServer, startDeviceServer } from './device-server.ts';
import { preparePage } from './page-files.ts';
import { createPageMeasurer } from './page-measurer.ts';

const ARGUMENTS = ['--headless', '--disable-gpu', ...QUIET_BROWSER];

const TOKEN = 'a token';
const network = PRESETS.residual.build(sampleGenome(PRESETS.residual, createRandom('page'), 'decisions'), {
  inputShape: [3, 32, 32],
  outputs: 10,
});
const random = () => createRandom('page').split('weights');

// Skipped without a browser: install the package chromium.
describe.skipIf(!hasChromium)('the page in Chromium', () => {
  let browser: Browser;
  let server: DeviceServer;
  let page: Page;
  const problems: string[] = [];
  const foreign: string[] = [];

  beforeAll(async () => {
    const measurer = createPageMeasurer({ maxModelBytes: 2 ** 26 });
    const find = await preparePage();
    server = await startDeviceServer({
      measurer,
      page: { find, measurer },
      host: '127.0.0.1',
      port: 0,
      token: TOKEN,
      maxModelBytes: 2 ** 26,
    });
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
    page = await browser.newPage();
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => problems.push(message.text()));
    page.on('request', (request) => {
      if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(server.origin))
        foreign.push(request.url());
    });
    await page.goto(`${server.origin}/#${encodeURIComponent(TOKEN)}`);
    await page.getByText('Waiting for a model').waitFor();
  });
  afterAll(async () => {
    await browser.close();
    await server.close();
  });

  const device = () => httpDevice(`${server.origin}/#${encodeURIComponent(TOKEN)}`);

  test('it introduces itself', async () => {
    const said = await device().describe();
    expect(said).toMatchObject({ protocol: 1, providers: ['wasm'], maxModelBytes: 2 ** 26 });
    expect(said.runtime).toMatch(/^onnxruntime-web \d+\.\d+/);
    expect(said.device).toContain('Chrome');
  });

  test.each(['float', 'int8'])('%s: the outputs are those of ONNX Runtime here', async (kind) => {
    const model =
      kind === 'float'
        ? encodeModel(deploymentModel(network, initialWeights(network, random()), 1))
        : await untrainedInt8Model(network, inputs(), random());
    const asked = { maxSeconds: 0.5, outputs: true };
    const [there, here] = [
      await device().measure(model, asked),
      await measureHere(model, MeasureParameters.parse(asked)),
    ];
    expect(there.provider).toBe('wasm');
    expect(there.inputs).toEqual(here.inputs);
    const [name = ''] = Object.keys(here.outputs!);
    const [found, expected] = [there, here].map(({ outputs }) => outputs![name]!.data.map(Number));
    expect(found).toHaveLength(10);
    for (const [i, value] of found!.entries()) expect(Math.abs(value - expected![i]!)).toBeLessThan(1e-4);
    expect(Math.max(...expected!) - Math.min(...expected!)).toBeGreaterThan(0.01);
  });

  test('WebGPU that the browser does not have is refused with the reason, before a model is sent', async () => {
    const gpu = httpDevice(`${server.origin}/?provider=webgpu#${encodeURIComponent(TOKEN)}`);
    await expect(gpu.measure(small(), { maxSeconds: 0.2 })).rejects.toMatchObject({
      code: 'DEVICE_REFUSED',
      message: expect.stringContaining('the browser has no provider "webgpu", only wasm'),
      hint: expect.stringContaining('a browser that has it'),
    });
  });

  test('a model that the engine does not know is said so, and the page goes on', async () => {
    const strange = Uint8Array.of(1, 2, 3);
    await expect(device().measure(strange, { maxSeconds: 0.2 })).rejects.toMatchObject({
      code: 'DEVICE_MODEL',
    });
    const again = await device().measure(small(), { maxSeconds: 0.2, maxMs: 1e-6 });
    expect(again.p50Ms).toBeGreaterThan(0);
  });

  test('a search measures there, in float and in 8 bits', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'espalier-page-search-'));
    try {
      const [data, run] = [join(folder, 'images'), join(folder, 'run')];
      writeIdxImages(data, { train: 200, test: 50 });
      let [out, err] = ['', ''];
      const address = `${server.origin}/?provider=wasm#${encodeURIComponent(TOKEN)}`;
      const code = await runCli(
        [
          ...['search', data, '--out', run, '--device', `browser=${address}`, '--int8', '--json'],
          ...[
            '--objectives',
            'valAccuracy,latencyMs@browser',
            '--max-latency',
            'browser=1s',
            '--max-macs',
            '1M',
          ],
          ...'--trials 1 --epochs 1 --final-epochs 1 --front 1 --seed 1 --executor in-process'.split(' '),
        ],
        {
          stdout: { write: (text: string) => (out += text) },
          stderr: { write: (text: string) => (err += text) },
        },
      );
      expect({ code, err }).toEqual({ code: 0, err: '' });
      const done = JSON.parse(out.trimEnd().split('\n').at(-1)!);
      const figures = { latencyMs: expect.any(Number), int8LatencyMs: expect.any(Number) };
      expect(done).toMatchObject({ event: 'done', devices: { browser: figures } });
      const trials: { state: string; measures: Record<string, number> }[] = JSON.parse(
        readFileSync(join(run, 'trials.json'), 'utf8'),
      );
      expect(trials.map(({ state }) => state)).toEqual(['complete']);
      for (const { measures } of trials) expect(measures['int8LatencyMs@browser']).toBeGreaterThan(0);
      expect(readFileSync(join(run, 'report.html'), 'utf8')).toContain('latency in 8 bits on browser');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('another number of threads: the page is loaded anew, and asked again', async () => {
    const troubles: string[] = [];
    const patient = patientDevice(device(), { seconds: 60, onTrouble: (text) => troubles.push(text) });
    const found = await patient.measure(small(), { threads: 2, maxSeconds: 0.2 });
    expect(found.threads).toBe(Math.min(2, (await device().describe()).threads));
    // A machine of one core has nothing to load anew for.
    if (found.threads === 2) expect(troubles[0]).toContain('loaded anew');
  });

  test('nothing comes from elsewhere, nothing fails', () => {
    expect(foreign).toEqual([]);
    // The first is Chromium's own note that there is no graphics processor.
    const ours = problems.filter((text) => !/No available adapters|protobuf parsing failed/.test(text));
    expect(ours).toEqual([]);
  });

  test('a second page is told that there is one; after the first has gone it is taken', async () => {
    const other = await browser.newPage();
    await other.goto(`${server.origin}/#${encodeURIComponent(TOKEN)}`);
    await other.getByText('another page is connected already').waitFor();
    await page.close();
    await other.getByText('Waiting for a model').waitFor();
    expect((await device().measure(small(), { maxSeconds: 0.2 })).provider).toBe('wasm');
    await other.close();
    const answer = () =>
      device()
        .describe()
        .then(
          () => 'there',
          (error) => error.code,
        );
    await expect.poll(answer, { timeout: 30_000 }).toBe('DEVICE_UNREACHABLE');
  });

  test('a graphics process that never answers is waited for, and not for ever', async () => {
    const stuck = await browser.newPage();
    await stuck.addInitScript('navigator.gpu.requestAdapter = () => new Promise(() => undefined)');
    await stuck.goto(`${server.origin}/#${encodeURIComponent(TOKEN)}`);
    await stuck.getByText('Waiting for a model').waitFor();
    expect((await device().describe()).providers).toEqual(['wasm']);
    await stuck.close();
  });

  test('a link without its token says so', async () => {
    const bare = await browser.newPage();
    await bare.goto(server.origin);
    await bare.getByText('The link is not whole').waitFor();
    await bare.close();
  });
});

function small(): Uint8Array {
  const g = createGraphBuilder({ name: 'small' });
  g.output(g.op('Abs', [g.input('x', 'float32', [1, 64])]));
  return encodeModel(g.build());
}

function inputs() {
  const r = createRandom('latency');
  const data = Float32Array.from({ length: 3 * 32 * 32 }, r.normal);
  return { [network.inputs[0]!.id]: { dtype: 'float32' as const, shape: [1, 3, 32, 32], data } };
}
