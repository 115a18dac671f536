/** Exports beside the standard's own checker. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { deploymentModel } from '../network/deploy.ts';
import { initialWeights } from '../network/initialise.ts';
import { encodeModel } from '../onnx/encode.ts';
import { createRandom } from '../random.ts';
import { createSession } from '../runtime/session.ts';
import { PRESETS } from '../space/presets/index.ts';
import { sampleGenome } from '../space/sampling.ts';
import { exportedModel, modelBytes } from './export-model.ts';

const ROOT = mkdtempSync(join(tmpdir(), 'espalier-export-'));
afterAll(() => rmSync(ROOT, { recursive: true }));

const PYTHON =
  ['python3', '/usr/bin/python3'].find((python) => spawnSync(python, ['-c', 'import onnx']).status === 0) ??
  null;

const SAMPLES = 2;
const networks = Object.entries(PRESETS).flatMap(([name, space]) =>
  Array.from({ length: SAMPLES }, (_, i) => {
    const random = createRandom(name).split(i);
    const network = space.build(sampleGenome(space, random, 'decisions'), {
      inputShape: [3, 24, 24],
      outputs: 5,
    });
    return { name: `${name}-${i}`, network, weights: initialWeights(network, random) };
  }),
);

describe.skipIf(PYTHON === null)("Python's onnx (skipped without it)", () => {
  test('its checker accepts networks of every preset', () => {
    const files = networks.map(({ name, network, weights }) => {
      const path = join(ROOT, `${name}.onnx`);
      writeFileSync(path, modelBytes(network, weights, null));
      return path;
    });
    const script =
      'import sys, onnx\nfor f in sys.argv[1:]: onnx.checker.check_model(onnx.load(f), full_check=True); print("good")';
    const output = execFileSync(PYTHON!, ['-c', script, ...files], { encoding: 'utf8' });
    expect(output.trim().split('\n')).toEqual(files.map(() => 'good'));
  });
});

test('the older format gives the same outputs', async () => {
  for (const { network, weights } of networks) {
    const data = Float32Array.from({ length: 3 * 24 * 24 }, createRandom('image').normal);
    const outputs = await Promise.all(
      [exportedModel(network, weights, null), deploymentModel(network, weights, 'batch')].map(
        async (model) => {
          const session = await createSession(encodeModel(model));
          const { logits } = await session.run({ input: { dtype: 'float32', shape: [1, 3, 24, 24], data } });
          await session.release();
          return logits;
        },
      ),
    );
    const [older, newer] = outputs.map((logits) => logits!.data as Float32Array);
    for (const [i, value] of newer!.entries()) expect(older![i]).toBeCloseTo(value, 4);
  }
});
