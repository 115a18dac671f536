import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { decodeModel } from './decode.ts';
import { encodeModel } from './encode.ts';
import { createGraphBuilder } from './graph-builder.ts';
import type { OnnxModel } from './model.ts';
import { checkDigest, sealModel } from './seal.ts';

const ROOT = mkdtempSync(join(tmpdir(), 'espalier-seal-'));
afterAll(() => rmSync(ROOT, { recursive: true }));

function small(): OnnxModel {
  const g = createGraphBuilder({ name: 'small' });
  const x = g.input('x', 'float32', [1, 2]);
  g.initializer('w', { dtype: 'float32', shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) });
  g.output(g.node('MatMul', [x, 'w'], { outputs: ['y'] })[0]!);
  return { ...g.build(), metadata: { 'espalier.labels': '["a","b"]' } };
}

const model = small();
const sealed = sealModel(model);

test('the digest is that of the file without the entry, which stands last', () => {
  const content = encodeModel(model);
  const sum = `sha256:${createHash('sha256').update(content).digest('hex')}`;
  expect(sealed.subarray(0, content.length)).toEqual(content);
  expect(checkDigest(sealed)).toEqual({ recorded: sum, computed: sum });
  expect(decodeModel(sealed).metadata).toEqual({ ...model.metadata, 'espalier.digest': JSON.stringify(sum) });
});

test('sealing a sealed model replaces its digest', () => {
  expect(sealModel(decodeModel(sealed))).toEqual(sealed);
});

test('a file without a digest, or with two, is said to have none', () => {
  expect(checkDigest(encodeModel(model)).recorded).toBeNull();
  const seal = sealed.subarray(encodeModel(model).length);
  expect(checkDigest(Uint8Array.of(...sealed, ...seal)).recorded).toBeNull();
});

test('no change of a byte, and no byte more, goes unseen', () => {
  const agrees = (bytes: Uint8Array): boolean => {
    try {
      decodeModel(bytes);
      const { recorded, computed } = checkDigest(bytes);
      return recorded === computed;
    } catch {
      return false;
    }
  };
  expect(agrees(sealed)).toBe(true);
  fc.assert(
    fc.property(fc.nat(sealed.length - 1), fc.integer({ min: 1, max: 255 }), (at, by) => {
      const changed = Uint8Array.from(sealed);
      changed[at] = changed[at]! ^ by;
      expect(agrees(changed)).toBe(false);
    }),
    { numRuns: 2000 },
  );
  // A field that no reader knows.
  expect(agrees(Uint8Array.of(...sealed, 0xf8, 0x07, 0x01))).toBe(false);
});

const PYTHON =
  ['python3', '/usr/bin/python3'].find((python) => spawnSync(python, ['-c', 'import onnx']).status === 0) ??
  null;

describe.skipIf(PYTHON === null)("with Python's onnx (skipped without it)", () => {
  test('the digest can be computed there too', () => {
    const path = join(ROOT, 'sealed.onnx');
    writeFileSync(path, sealed);
    const script = `
import hashlib, json, onnx, sys
m = onnx.load(sys.argv[1])
found = json.loads(next(p.value for p in m.metadata_props if p.key == 'espalier.digest'))
rest = [p for p in m.metadata_props if p.key != 'espalier.digest']
del m.metadata_props[:]
m.metadata_props.extend(rest)
print(found == 'sha256:' + hashlib.sha256(m.SerializeToString(deterministic=True)).hexdigest())
`;
    expect(execFileSync(PYTHON!, ['-c', script, path], { encoding: 'utf8' }).trim()).toBe('True');
  });
});
