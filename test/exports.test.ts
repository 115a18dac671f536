/**
 * Exported files in the runtimes that they are for: ONNX Runtime in Node, onnxruntime-web (WebAssembly) under Node and in a
 * browser, and the standard's own checker.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as web from 'onnxruntime-web';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deployedCost } from '../src/network/deployed-cost.ts';
import type { Network } from '../src/network/network.ts';
import type { OnnxModel } from '../src/onnx/model.ts';
import { sealModel } from '../src/onnx/seal.ts';
import { quantise } from '../src/quantisation/quantise.ts';
import { createRandom } from '../src/random.ts';
import { createSession, type SessionOptions } from '../src/runtime/session.ts';
import { exportedModel, withMetadata } from '../src/search/export-model.ts';
import type { ModelMetadata } from '../src/search/model-metadata.ts';
import { preparePage } from '../src/server/page-files.ts';
import { sampleNetwork } from '../src/space/sample-network.ts';
import { CHROMIUM, hasChromium } from './fixtures/chromium.ts';
import { randomImages, runInference, trainedWeights } from './fixtures/run-model.ts';
import { SMALL_PRESETS } from './fixtures/small-presets.ts';

const SHAPE = [3, 24, 24] as const;
const LABELS = ['a', 'b', 'c', 'd', 'e'];
const BATCH = 4;
const PIXELS = SHAPE.reduce((a, b) => a * b, 1);
const images = randomImages(BATCH * PIXELS, 'exports');

type Precision = 'float' | 'int8';

interface Export {
  readonly name: string;
  readonly precision: Precision;
  readonly bytes: Uint8Array;
  /** Logits that are right: [BATCH, labels]. */
  readonly expected: readonly number[];
  /** Those of the network as it was trained, in float. */
  readonly float: readonly number[];
}

/** As a search writes them: metadata and digest in the file. */
const fileOf = (model: OnnxModel, network: Network, precision: Precision): Uint8Array => {
  const [channels, height, width] = SHAPE;
  const metadata: ModelMetadata = {
    labels: LABELS,
    preprocessing: {
      channels,
      height,
      width,
      colour: 'rgb',
      mean: [0.5, 0.5, 0.5],
      std: [0.25, 0.25, 0.25],
      scale: 1 / 255,
      resize: 'area',
    },
    version: '0',
    data: 'x',
    precision,
    cost: deployedCost(network),
    accuracy: { float: { val: 0.3, test: null, testCount: 0, testInterval: null } },
    latency: { float: null },
  };
  return sealModel(withMetadata(model, metadata));
};

async function run(bytes: Uint8Array, options: SessionOptions = {}): Promise<readonly number[]> {
  const session = await createSession(bytes, options);
  try {
    const { logits } = await session.run({
      input: { dtype: 'float32', shape: [BATCH, ...SHAPE], data: images },
    });
    return Array.from(logits!.data as Float32Array);
  } finally {
    await session.release();
  }
}

/**
 * Float: what the network computes as it was trained, before branches were merged and batch norms folded. In 8 bits: the
 * file's graph as written, each conversion carried out and everything between them in float.
 */
async function exportsOf(name: keyof typeof SMALL_PRESETS): Promise<readonly Export[]> {
  const space = SMALL_PRESETS[name];
  const io = { inputShape: SHAPE, outputs: LABELS.length };
  const { network } = sampleNetwork(space, createRandom(name), io, 'decisions');
  const weights = trainedWeights(network, name);
  const model = exportedModel(network, weights, null);
  const data = randomImages(16 * PIXELS, 'calibration');
  const feeds = { input: { dtype: 'float32', shape: [16, ...SHAPE], data } } as const;
  const { model: quantised } = await quantise(model, [feeds]);
  const float = await runInference(network, weights, images);
  const int8 = fileOf(quantised, network, 'int8');
  const stepByStep = await run(int8, { optimisation: 'disabled' });
  return [
    { name, precision: 'float', bytes: fileOf(model, network, 'float'), expected: float, float },
    { name, precision: 'int8', bytes: int8, expected: stepByStep, float },
  ];
}

const span = (values: readonly number[]): number => Math.max(...values) - Math.min(...values);
const largest = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));
const rootMeanSquare = (a: readonly number[], b: readonly number[]): number =>
  Math.sqrt(a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0) / a.length);

/** Float kernels differ by the order of their sums: no output by more than this share of what the outputs span. */
const FLOAT_TOLERANCE = 1e-4;
/**
 * Integer kernels round a value that lies between two steps to the one or to the other, and later layers make more of it. That
 * is the error of quantisation itself, made for some values once more: their outputs must be nearer to the file's graph,
 * carried out step by step, than that is to the float network by this factor; or within two steps of what the outputs span.
 * A deep network of drawn weights may make as much of one such value as of all others together (of four images three were
 * apart, one equal to the last digit): then the outputs must be as near to the float network as the file's graph is.
 */
const INT8_SHARE = 0.5;
const STEPS = 2 / 255;
const AS_NEAR = 1.25;

function expectRightOutputs(found: readonly number[], { name, precision, expected, float }: Export): void {
  const what = `${name} in ${precision}`;
  expect(found, what).toHaveLength(BATCH * LABELS.length);
  expect(span(expected), what).toBeGreaterThan(0);
  if (precision === 'float')
    expect(largest(found, expected), what).toBeLessThan(FLOAT_TOLERANCE * span(expected));
  else {
    const own = rootMeanSquare(expected, float);
    const isNear = rootMeanSquare(found, expected) < Math.max(INT8_SHARE * own, STEPS * span(expected));
    if (!isNear) expect(rootMeanSquare(found, float), what).toBeLessThan(AS_NEAR * own);
  }
}

let exports: readonly Export[];
beforeAll(async () => {
  const names = Object.keys(SMALL_PRESETS) as (keyof typeof SMALL_PRESETS)[];
  exports = (await Promise.all(names.map(exportsOf))).flat();
}, 120_000);

/** All exports in a runtime, beside what is right. */
async function expectRight(runIn: (one: Export) => Promise<readonly number[]>): Promise<void> {
  expect(exports.length).toBe(2 * Object.keys(SMALL_PRESETS).length);
  for (const one of exports) {
    const found = await runIn(one);
    expectRightOutputs(found, one);
  }
}

test('onnxruntime-node', () => expectRight(({ bytes }) => run(bytes)), 60_000);

test('onnxruntime-web under Node', async () => {
  web.env.wasm.numThreads = 1;
  web.env.logLevel = 'error';
  await expectRight(async ({ bytes }) => {
    const session = await web.InferenceSession.create(bytes, { executionProviders: ['wasm'] });
    const input = new web.Tensor('float32', images, [BATCH, ...SHAPE]);
    const { logits } = await session.run({ input });
    await session.release();
    return Array.from(logits!.data as Float32Array);
  });
}, 120_000);

describe.skipIf(!hasChromium)(
  'onnxruntime-web in Chromium (skipped without it: install the package chromium)',
  () => {
    let server: Server;
    let browser: Browser;
    let origin: string;

    beforeAll(async () => {
      const find = await preparePage();
      server = createServer(async ({ url = '/' }, response) => {
        const [, index] = /^\/export\/(\d+)$/.exec(url) ?? [];
        const file =
          url === '/empty'
            ? { type: 'text/html', bytes: new TextEncoder().encode('<!doctype html><title>empty</title>') }
            : index !== undefined
              ? { type: 'application/octet-stream', bytes: exports[Number(index)]!.bytes }
              : await find(url);
        response.writeHead(file === null ? 404 : 200, { 'content-type': file?.type ?? 'text/plain' });
        response.end(file?.bytes);
      });
      await new Promise<void>((resolve) => {
        server.listen(0, '127.0.0.1', resolve);
      });
      origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      browser = await chromium.launch({
        executablePath: CHROMIUM,
        args: ['--no-sandbox', '--disable-gpu'],
      });
    });
    afterAll(async () => {
      await browser.close();
      server.close();
    });

    test('gives the same', async () => {
      const page = await browser.newPage();
      await page.goto(`${origin}/empty`);
      // Runs in the page.
      const script = `async ([index, values, shape]) => {
        const ort = await import('/ort/ort.wasm.min.mjs');
        ort.env.wasm.wasmPaths = '/ort/';
        ort.env.wasm.numThreads = 1;
        const model = await (await fetch('/export/' + index)).arrayBuffer();
        const session = await ort.InferenceSession.create(model, { executionProviders: ['wasm'] });
        const { logits } = await session.run({ input: new ort.Tensor('float32', Float32Array.from(values), shape) });
        await session.release();
        return [...logits.data];
      }`;
      const values = [...images];
      await expectRight((one) =>
        page.evaluate<readonly number[]>(
          `(${script})(${JSON.stringify([exports.indexOf(one), values, [BATCH, ...SHAPE]])})`,
        ),
      );
      await page.close();
    }, 120_000);
  },
);

const python = ['python3', '/usr/bin/python3'].find(
  (command) => spawnSync(command, ['-c', 'import onnx']).status === 0,
);

describe.skipIf(python === undefined)(
  "the standard's checker (skipped without Python's onnx: install the package python3-onnx)",
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'espalier-exports-'));
    afterAll(() => rmSync(folder, { recursive: true }));

    test('accepts them, shapes and types inferred', () => {
      const paths = exports.map(({ name, precision, bytes }) => {
        const path = join(folder, `${name}.${precision}.onnx`);
        writeFileSync(path, bytes);
        return path;
      });
      const script = [
        'import sys, onnx',
        'for path in sys.argv[1:]:',
        '    onnx.checker.check_model(onnx.load(path), full_check=True)',
        '    print("good")',
      ].join('\n');
      const { stdout, stderr } = spawnSync(python!, ['-c', script, ...paths], { encoding: 'utf8' });
      expect(stderr).toBe('');
      expect(stdout.trim().split('\n')).toEqual(paths.map(() => 'good'));
    }, 60_000);
  },
);
