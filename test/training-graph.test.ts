/** `espalier/training-graph` as others use it: what its import loads, and the program on its page of documentation. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, expect, test } from 'vitest';
import { decodeModel } from '../src/onnx/decode.ts';
import { encodeModel } from '../src/onnx/encode.ts';
import { createGraphBuilder, float32 } from '../src/onnx/graph-builder.ts';
import { createRandom } from '../src/random.ts';
import { createSession } from '../src/runtime/session.ts';

const path = (file: string): string => fileURLToPath(new URL(`../${file}`, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'espalier-training-graph-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('its import loads Protocol Buffers and ONNX Runtime, and no other package', async () => {
  const { metafile } = await build({
    entryPoints: [path('src/training-graph.ts')],
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    write: false,
    metafile: true,
    logLevel: 'error',
  });
  const rooms = Object.keys(metafile.inputs).map((file) => /src\/([^/]+)/.exec(file)![1]!.replace('.ts', ''));
  expect([...new Set(rooms)].sort()).toEqual([
    'autodiff',
    'disk',
    'errors',
    'nearest',
    'onnx',
    'random',
    'runtime',
    'train',
    'training-graph',
  ]);
  const imports = Object.values(metafile.outputs).flatMap((o) => o.imports.map((i) => i.path));
  const packages = imports.filter((name) => !name.startsWith('node:'));
  expect([...new Set(packages.map((name) => name.replace(/\/codegenv2$/, '')))].sort()).toEqual([
    '@bufbuild/protobuf',
    'onnxruntime-node',
  ]);
});

test('package.json publishes it', () => {
  const { exports } = JSON.parse(readFileSync(path('package.json'), 'utf8'));
  expect(exports['./training-graph']).toEqual({
    types: './dist/training-graph.d.ts',
    default: './dist/training-graph.js',
  });
});

/** Two layers, of which the page trains the second; the batch is a symbol. */
function pageModel(): Uint8Array {
  const random = createRandom('page');
  const g = createGraphBuilder({ name: 'page', reserved: new Set(['logits']) });
  const weights = (...shape: number[]) => {
    const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
    random.fillNormal(data, 0.5);
    return { dtype: 'float32' as const, shape, data };
  };
  g.input('input', 'float32', ['batch', 4]);
  g.initializer('backbone.weight', weights(4, 16));
  g.initializer('backbone.bias', float32(new Float32Array(16)));
  g.initializer('head.weight', weights(16, 3));
  g.initializer('head.bias', float32([0, 0, 0]));
  const hidden = g.op('Relu', [g.op('Gemm', ['input', 'backbone.weight', 'backbone.bias'])]);
  g.output(g.node('Gemm', [hidden, 'head.weight', 'head.bias'], { outputs: ['logits'] })[0]!);
  return encodeModel(g.build());
}

test('the program on its page trains a file and writes it back', async () => {
  const page = readFileSync(path('docs/training-graph.md'), 'utf8');
  const program = /```ts\n([\s\S]*?)```/.exec(page)![1]!;
  const here = program.replace("'espalier/training-graph'", JSON.stringify(path('src/training-graph.ts')));
  expect(here).not.toBe(program);
  writeFileSync(join(folder, 'page.mts'), here);
  const before = pageModel();
  writeFileSync(join(folder, 'model.onnx'), before);
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', import.meta.resolve('tsx'), 'page.mts'],
    { cwd: folder },
  );
  const losses = [...stdout.matchAll(/loss (\S+)/g)].map((found) => Number(found[1]));
  expect(losses).toHaveLength(4);
  expect(losses.at(-1)).toBeLessThan(0.6);

  const trained = readFileSync(join(folder, 'trained.onnx'));
  const [old, { graph }] = [decodeModel(before).graph, decodeModel(trained)];
  expect(graph.inputs[0]!.shape).toEqual(['batch', 4]);
  for (const [name, { data }] of graph.initializers)
    if (name.startsWith('backbone.')) expect(data).toEqual(old.initializers.get(name)!.data);
    else expect(data).not.toEqual(old.initializers.get(name)!.data);
  const session = await createSession(trained);
  const { logits } = await session.run({ input: float32([3, 0, 0, 0, 0, 0, 3, 0], [2, 4]) });
  await session.release();
  const rows = [logits!.data.slice(0, 3), logits!.data.slice(3)].map((row) =>
    Array.from(row as Float32Array),
  );
  expect(rows.map((row) => row.indexOf(Math.max(...row)))).toEqual([0, 2]);
});
