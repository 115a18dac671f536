/** Models that keep their weights in files beside them. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import * as ort from 'onnxruntime-node';
import { afterAll, expect, test } from 'vitest';
import { encodeModel } from './encode.ts';
import { createGraphBuilder, float32 } from './graph-builder.ts';
import { ModelProtoSchema, StringStringEntryProtoSchema } from './onnx_pb.ts';
import { readModelFile } from './read-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'espalier-external-'));
afterAll(() => rmSync(folder, { recursive: true }));

const KERNEL = [1, 2, 3, 4, 5, 6];
const BIAS = [0.5, -0.5];

/** x·kernel + bias, the kernel and the bias kept where the entries say. */
function write(name: string, places: readonly (readonly (readonly [string, string])[])[]): string {
  const g = createGraphBuilder({ name: 'external' });
  g.input('x', 'float32', [1, 3]);
  g.initializer('kernel', float32(KERNEL, [3, 2]));
  g.initializer('bias', float32(BIAS));
  g.output(g.op('Gemm', ['x', 'kernel', 'bias']));
  const proto = fromBinary(ModelProtoSchema, encodeModel(g.build()));
  places.forEach((place, i) => {
    const tensor = proto.graph!.initializer[i]!;
    tensor.rawData = new Uint8Array();
    tensor.dataLocation = 1;
    tensor.externalData = place.map(([key, value]) => create(StringStringEntryProtoSchema, { key, value }));
  });
  const path = join(folder, name);
  writeFileSync(path, toBinary(ModelProtoSchema, proto));
  return path;
}

const bytes = (values: readonly number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);
mkdirSync(join(folder, 'parts'));
// The kernel does not begin at a multiple of four.
writeFileSync(join(folder, 'model.data'), Buffer.concat([Buffer.alloc(7), bytes(KERNEL), Buffer.alloc(9)]));
writeFileSync(join(folder, 'parts', 'bias'), bytes(BIAS));
const kernelAt = [
  ['location', 'model.data'],
  ['offset', '7'],
  ['length', '24'],
] as const;

async function run(session: ort.InferenceSession): Promise<number[]> {
  const x = new ort.Tensor('float32', Float32Array.of(1, 2, 3), [1, 3]);
  const [y] = Object.values(await session.run({ x }));
  await session.release();
  return Array.from(y!.data as Float32Array);
}

test('are read with them; the bytes then hold all', async () => {
  const path = write('whole.onnx', [kernelAt, [['location', 'parts/bias']]]);
  const { model, bytes: whole } = await readModelFile(path);
  expect([...model.graph.initializers.get('kernel')!.data]).toEqual(KERNEL);
  expect([...model.graph.initializers.get('bias')!.data]).toEqual(BIAS);
  const ours = await run(await ort.InferenceSession.create(whole));
  expect(ours).toEqual([22.5, 27.5]);
  // The engine reads the same from the file and those beside it.
  expect(await run(await ort.InferenceSession.create(path))).toEqual(ours);
});

const refused = [
  ['a missing file', [['location', 'gone.data']], /"kernel" lies in "gone.data", which is missing/],
  ['a folder', [['location', 'parts']], /"kernel" lies in "parts"/],
  [
    'a file that is too short',
    [kernelAt[0], ['offset', '20'], kernelAt[2]],
    /"model.data", which ends after 40 bytes, before byte 44/,
  ],
  ['another length', [kernelAt[0], kernelAt[1], ['length', '20']], /"kernel" holds 20 bytes, not 24/],
  ['no number', [kernelAt[0], ['offset', '-7']], /at the offset "-7"/],
  ['no place', [], /not in the model's folder/],
  [
    'the folder above',
    [['location', '../model.data']],
    /"..\/model.data", which is not in the model's folder/,
  ],
  ['a way round', [['location', 'parts/../../x']], /not in the model's folder/],
  ['any file of the machine', [['location', '/etc/hostname']], /not in the model's folder/],
] as const;
test.each(refused)('refused: %s', async (_, place, message) => {
  const path = write('bad.onnx', [place]);
  await expect(readModelFile(path)).rejects.toThrow(message);
  await expect(readModelFile(path)).rejects.toMatchObject({ code: 'ONNX_READ', details: { path } });
});
