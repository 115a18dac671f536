/** Models for a fixed number of images, as other tools export them, answer as those for any number do. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeIdxImages } from '../../../test/fixtures/idx-images.ts';
import { runCaptured } from '../../../test/fixtures/run-cli.ts';
import { networkBuilder } from '../../network/builder.ts';
import { initialWeights } from '../../network/initialise.ts';
import { decodeModel } from '../../onnx/decode.ts';
import { encodeModel } from '../../onnx/encode.ts';
import type { OnnxModel } from '../../onnx/model.ts';
import { createRandom } from '../../random.ts';
import { exportedModel } from '../../search/export-model.ts';

const ROOT = mkdtempSync(join(tmpdir(), 'espalier-fixed-'));
afterAll(() => rmSync(ROOT, { recursive: true }));
const DATA = join(ROOT, 'data');
const IMAGE = join(ROOT, 'image.png');
const FREE = join(ROOT, 'free.onnx');

let free: OnnxModel;
/** Of the model for any number of images. */
let wanted: Awaited<ReturnType<typeof quantise>>;

/** The model for `batch` images, that number in its shapes: of the flattening too. */
function fixed(batch: number): string {
  const { graph } = free;
  const target = { dtype: 'int64', shape: [2], data: BigInt64Array.of(BigInt(batch), -1n) } as const;
  const path = join(ROOT, `${batch}.onnx`);
  const model: OnnxModel = {
    ...free,
    graph: {
      ...graph,
      inputs: graph.inputs.map((value) => ({ ...value, shape: [batch, ...value.shape.slice(1)] })),
      outputs: graph.outputs.map((value) => ({ ...value, shape: [batch, ...value.shape.slice(1)] })),
      nodes: graph.nodes.map((node) =>
        node.op === 'Flatten'
          ? { ...node, op: 'Reshape', inputs: [node.inputs[0]!, 'flat'], attributes: {} }
          : node,
      ),
      initializers: new Map([...graph.initializers, ['flat', target]]),
    },
  };
  expect(model.graph.nodes.some(({ op }) => op === 'Reshape')).toBe(true);
  writeFileSync(path, encodeModel(model));
  return path;
}

beforeAll(async () => {
  writeIdxImages(DATA, { train: 150, test: 50 });
  const [{ height, width, classes }] = [JSON.parse((await runCaptured(['data', DATA, '--json'])).out)].map(
    (report) => ({ ...report.size, classes: report.classes.length }),
  );
  const b = networkBuilder([1, height, width]);
  const conv = b.activation(b.conv(b.input, { out: 8, kernel: 3, stride: 2 }), 'relu');
  const network = b.build([b.linear(b.flatten(conv), { out: classes })]);
  free = exportedModel(network, initialWeights(network, createRandom('fixed')), null);
  writeFileSync(FREE, encodeModel(free));
  const pixels = Uint8Array.from({ length: height * width }, (_, i) => (37 * i) % 256);
  await sharp(pixels, { raw: { width, height, channels: 1 } })
    .png()
    .toFile(IMAGE);
  wanted = await quantise(FREE);
}, 60_000);

const quantise = async (path: string, ...more: readonly string[]) => {
  const out = path.replace('.onnx', '.int8.onnx');
  const flags = [
    '--data',
    DATA,
    '--out',
    out,
    '--overwrite',
    '--mean',
    '0.5',
    '--std',
    '0.3',
    '--seed',
    '1',
    '--threads',
    '1',
  ];
  const { code, out: text, err } = await runCaptured(['quantize', path, ...flags, '--json', ...more]);
  expect({ code, error: /error.*/.exec(err)?.[0] }).toEqual({ code: 0, error: undefined });
  return { out, report: JSON.parse(text) };
};

type Answers = readonly { readonly label: string; readonly probability: number }[];

const answers = async (path: string): Promise<Answers> => {
  const { code, out, err } = await runCaptured(['predict', path, IMAGE, '--json', '--top', '100']);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return JSON.parse(out).predictions;
};

// 200 are more than there are to validate or to calibrate with.
test.each([4, 200])(
  '%i images at once: quantised, verified and predicted as for any number',
  async (batch) => {
    const path = fixed(batch);
    const { out, report } = await quantise(path);
    expect(report.float.testAccuracy).toBe(wanted.report.float.testAccuracy);
    expect(report.float.valAccuracy).toBe(wanted.report.float.valAccuracy);
    const { graph, metadata } = decodeModel(readFileSync(out));
    expect(graph.inputs[0]!.shape[0]).toBe(batch);

    const { out: text } = await runCaptured(['verify', out, '--data', DATA, '--no-latency', '--json']);
    const statuses = JSON.parse(text).checks.map(({ name, status }: Record<string, string>) => [
      name,
      status,
    ]);
    expect(Object.fromEntries(statuses)).toMatchObject({ runs: 'agrees', accuracy: 'agrees' });

    // The float models with what the quantised one says of itself: only the batch differs.
    const [one, many] = [FREE, path].map((from) => {
      const described = from.replace('.onnx', '.described.onnx');
      writeFileSync(described, encodeModel({ ...decodeModel(readFileSync(from)), metadata }));
      return described;
    });
    expectEqual(await answers(many!), await answers(one!), 5);
    // Calibration saw the same images, some of them left out or twice.
    expectEqual(await answers(out), await answers(wanted.out), 1);
  },
  60_000,
);

function expectEqual(found: Answers, expected: Answers, digits: number): void {
  expect(found.map(({ label }) => label).sort()).toEqual(expected.map(({ label }) => label).sort());
  for (const { label, probability } of expected)
    expect(found.find((answer) => answer.label === label)!.probability).toBeCloseTo(probability, digits);
}

test('fine-tuned in the number of images that its shapes allow', async () => {
  const { report } = await quantise(fixed(4), '--fine-tune', '1');
  expect(report.int8.testAccuracy).toBeGreaterThanOrEqual(0);
}, 60_000);

test('fine-tuning a model for more images than there are is refused', async () => {
  const flags = ['--data', DATA, '--overwrite', '--fine-tune', '1', '--threads', '1'];
  const { code, err } = await runCaptured(['quantize', fixed(200), ...flags]);
  expect(code).not.toBe(0);
  expect(err).toMatch(/it takes 200 images at once, and there are \d+ to fine-tune it on/);
}, 60_000);
