import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomNetwork } from '../../test/fixtures/random-network.ts';
import { EspalierError } from '../errors.ts';
import { initialWeights } from '../network/initialise.ts';
import { networkToOnnx } from '../network/to-onnx.ts';
import { createRandom } from '../random.ts';
import { decodeModel } from './decode.ts';
import { encodeModel } from './encode.ts';
import type { Attribute, DataType, OnnxModel, Tensor, ValueInfo } from './model.ts';
import { ModelProtoSchema, TensorProtoSchema } from './onnx_pb.ts';
import { ONNX_TYPE } from './shape-rules.ts';
import { TENSOR_ARRAYS } from './tensor-arrays.ts';

// ---- arbitrary models ---------------------------------------------------------------------------------------------

const DTYPES = Object.keys(TENSOR_ARRAYS) as DataType[];
const dtype = fc.constantFrom(...DTYPES);

/** Any bits, so NaNs with payloads as well. */
const tensor: fc.Arbitrary<Tensor> = fc
  .tuple(dtype, fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }))
  .chain(([type, shape]) => {
    const bytes = TENSOR_ARRAYS[type].BYTES_PER_ELEMENT * shape.reduce((a, b) => a * b, 1);
    return fc
      .uint8Array({ minLength: bytes, maxLength: bytes })
      .map((data) => ({ dtype: type, shape, data: new TENSOR_ARRAYS[type](data.slice().buffer) }));
  });
const whole = fc.integer({ min: -(2 ** 31), max: 2 ** 53 - 1 });
const single = fc.float();
const attribute: fc.Arbitrary<Attribute> = fc.oneof(
  whole.map((value): Attribute => ({ type: 'int', value })),
  single.map((value): Attribute => ({ type: 'float', value })),
  fc.string({ unit: 'binary' }).map((value): Attribute => ({ type: 'string', value })),
  fc.array(whole).map((value): Attribute => ({ type: 'ints', value })),
  fc.array(single).map((value): Attribute => ({ type: 'floats', value })),
  fc.array(fc.string()).map((value): Attribute => ({ type: 'strings', value })),
  tensor.map((value): Attribute => ({ type: 'tensor', value })),
);
/** `__proto__` is no name for a record's key in JavaScript. */
const key = fc.string({ minLength: 1 }).filter((k) => !(k in {}));
const record = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> =>
  fc.array(fc.tuple(key, value), { maxLength: 4 }).map((entries) => Object.fromEntries(entries));
const valueInfo: fc.Arbitrary<ValueInfo> = fc.record({
  name: fc.string(),
  dtype,
  shape: fc.array(fc.oneof(fc.nat(1000), fc.string({ minLength: 1 })), { maxLength: 5 }),
});
const model: fc.Arbitrary<OnnxModel> = fc.record({
  irVersion: fc.nat(12),
  opsets: record(fc.nat(30)).map((o) => ({ '': 21, ...o })),
  producer: fc.string(),
  metadata: record(fc.string()),
  graph: fc.record({
    name: fc.string(),
    nodes: fc.array(
      fc.record({
        name: key,
        op: fc.string(),
        domain: fc.string().filter((d) => d !== 'ai.onnx'),
        inputs: fc.array(fc.string(), { maxLength: 4 }),
        outputs: fc.array(fc.string(), { maxLength: 3 }),
        attributes: record(attribute),
      }),
      { maxLength: 6 },
    ),
    initializers: fc.array(fc.tuple(key, tensor), { maxLength: 4 }).map((entries) => new Map(entries)),
    inputs: fc.array(valueInfo, { maxLength: 3 }),
    outputs: fc.array(valueInfo, { maxLength: 3 }),
  }),
});

/** Bits rather than values: NaN payloads and −0 count. */
const bits = (value: unknown): unknown => {
  if (ArrayBuffer.isView(value))
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex');
  if (value instanceof Map) return bits([...value]);
  if (Array.isArray(value)) return value.map(bits);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, bits(v)]));
  return Object.is(value, -0) ? '-0' : value;
};

describe('a model written and read again', () => {
  it('is the same', () => {
    fc.assert(
      fc.property(model, (m) => {
        expect(bits(decodeModel(encodeModel(m)))).toEqual(bits(m));
      }),
      { numRuns: 300 },
    );
  });

  it('keeps "to the end", 2^63 − 1, which no number holds', () => {
    const end: OnnxModel = example([{ name: 'ends', type: 7, ints: [2n ** 63n - 1n, -(2n ** 63n)] }]);
    const again = fromBinary(ModelProtoSchema, encodeModel(end));
    expect(again.graph!.node[0]!.attribute[0]!.ints).toEqual([2n ** 63n - 1n, -(2n ** 63n)]);
  });
});

// ---- models of other programs -------------------------------------------------------------------------------------

type ModelInit = MessageInitShape<typeof ModelProtoSchema>;
type AttributeInit = NonNullable<NonNullable<NonNullable<ModelInit['graph']>['node']>[number]['attribute']>;

const bytesOf = (init: ModelInit): Uint8Array => toBinary(ModelProtoSchema, create(ModelProtoSchema, init));
const example = (attribute: AttributeInit): OnnxModel =>
  decodeModel(bytesOf({ graph: { node: [{ opType: 'Slice', attribute }] } }));

describe('data in fields of its type', () => {
  const cases: readonly (readonly [DataType, object, readonly (number | bigint)[]])[] = [
    ['float32', { floatData: [1.5, -2] }, [1.5, -2]],
    ['float64', { doubleData: [0.1, 2] }, [0.1, 2]],
    ['int64', { int64Data: [1n, -(2n ** 62n)] }, [1n, -(2n ** 62n)]],
    ['int32', { int32Data: [7, -7] }, [7, -7]],
    ['int8', { int32Data: [127, -128] }, [127, -128]],
    ['uint8', { int32Data: [255, 0] }, [255, 0]],
    ['int16', { int32Data: [-300, 300] }, [-300, 300]],
    ['uint16', { int32Data: [65535, 1] }, [65535, 1]],
    ['float16', { int32Data: [0x3c00, 0x8000] }, [0x3c00, 0x8000]],
    ['bfloat16', { int32Data: [0x3f80, 0x8000] }, [0x3f80, 0x8000]],
    ['bool', { int32Data: [1, 0] }, [1, 0]],
  ];
  it.each(cases)('%s', (type, fields, expected) => {
    const initializer = [{ name: 'w', dataType: ONNX_TYPE[type], dims: [2n], ...fields }];
    const { dtype: found, data } = decodeModel(bytesOf({ graph: { initializer } })).graph.initializers.get(
      'w',
    )!;
    expect(found).toBe(type);
    expect(data).toBeInstanceOf(TENSOR_ARRAYS[type]);
    expect(Array.from(data as ArrayLike<number | bigint>)).toEqual(expected);
  });
});

it('names nodes without a name and takes the long name of the standard domain', () => {
  const nodes = decodeModel(
    bytesOf({ graph: { node: [{ opType: 'Relu', domain: 'ai.onnx' }, { opType: 'Relu' }] } }),
  );
  expect(nodes.graph.nodes.map((n) => [n.name, n.domain])).toEqual([
    ['Relu_0', ''],
    ['Relu_1', ''],
  ]);
});

describe('what cannot be read is refused with the reason', () => {
  const w = { name: 'w', dataType: 1, dims: [2n] };
  const withTensor = (fields: object): Uint8Array =>
    bytesOf({ graph: { initializer: [{ ...w, ...fields }] } });
  const withField = (bytes: Uint8Array, tag: readonly number[]): Uint8Array =>
    Uint8Array.from([...bytes, ...tag]);
  const cases: readonly (readonly [string, Uint8Array, RegExp])[] = [
    ['text', new TextEncoder().encode('<html>not found</html>'), /not an ONNX model|no graph/],
    ['nothing', new Uint8Array(), /no graph/],
    [
      'a subgraph',
      bytesOf({ graph: { node: [{ opType: 'If', attribute: [{ name: 'then_branch', type: 5 }] }] } }),
      /"then_branch" of node "If_0" is of the kind 5/,
    ],
    ['external data', withTensor({ dataLocation: 1 }), /"w" lies in another file/],
    ['an element type', withTensor({ dataType: 17 }), /"w" has the element type float8e4m3fn/],
    ['too few values', withTensor({ floatData: [1] }), /"w" holds 1 elements, not 2/],
    ['too many values', withTensor({ floatData: [1, 2, 3] }), /"w" holds 3 elements, not 2/],
    ['a broken element', withTensor({ rawData: new Uint8Array(7) }), /"w" holds 7 bytes, not 8/],
    ['a negative size', withTensor({ dims: [-2n] }), /"w" has the shape \[-2\]/],
    ['functions', withField(bytesOf({ graph: {} }), [0xca, 0x01, 0x00]), /functions of its own/],
    ['sparse tensors', Uint8Array.from([0x3a, 0x02, 0x7a, 0x00]), /sparse tensors/],
    ['a sequence', bytesOf({ graph: { input: [{ name: 'x' }] } }), /"x" is not a tensor/],
  ];
  it.each(cases)('%s', (_, bytes, message) => {
    expect(() => decodeModel(bytes, 'a.onnx')).toThrow(message);
    expect(() => decodeModel(bytes, 'a.onnx')).toThrow(expect.objectContaining({ code: 'ONNX_READ' }));
  });

  it('whatever bytes are cut off or changed', () => {
    const network = randomNetwork(3);
    const whole = encodeModel(
      networkToOnnx(network, initialWeights(network, createRandom(0)), { mode: 'inference', batch: 1 }),
    );
    const attempt = (bytes: Uint8Array): void => {
      try {
        decodeModel(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(EspalierError);
      }
    };
    fc.assert(
      fc.property(fc.nat(whole.length - 1), (end) => attempt(whole.subarray(0, end))),
      { numRuns: 200 },
    );
    const change = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(change, (changes) => {
        const bytes = whole.slice();
        for (const [at, value] of changes) bytes[at] = value;
        attempt(bytes);
      }),
      { numRuns: 400 },
    );
  });
});

it('tensors are written as raw data', () => {
  const network = randomNetwork(1);
  const weights = initialWeights(network, createRandom(0));
  const proto = fromBinary(
    ModelProtoSchema,
    encodeModel(networkToOnnx(network, weights, { mode: 'inference', batch: 1 })),
  );
  for (const t of proto.graph!.initializer) {
    expect(t.rawData.length).toBeGreaterThan(0);
    expect(toBinary(TensorProtoSchema, t).length).toBeLessThan(t.rawData.length + t.name.length + 40);
  }
});

// ---- the standard's own checker -----------------------------------------------------------------------------------

const python = ['python3', '/usr/bin/python3'].find((command) => {
  try {
    execFileSync(command, ['-c', 'import onnx'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
});

describe.skipIf(python === undefined)(
  "the standard's checker (skipped without Python's onnx package)",
  () => {
    let folder: string;
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'espalier-onnx-'));
    });
    afterAll(() => rmSync(folder, { recursive: true }));

    it('accepts our models, and reads the same tensors', () => {
      const script = [
        'import sys, json, onnx',
        'from onnx import numpy_helper',
        'result = []',
        'for path in sys.argv[1:]:',
        '    model = onnx.load(path)',
        '    onnx.checker.check_model(model, full_check=True)',
        '    result.append({t.name: float(numpy_helper.to_array(t).astype("float64").sum()) for t in model.graph.initializer})',
        'print(json.dumps(result))',
      ].join('\n');
      const models = Array.from({ length: 12 }, (_, seed) => randomNetwork(seed))
        // The checker of older packages knows operator sets up to 17, which lack Gelu.
        .filter((n) => !n.nodes.some(({ operator: o }) => o.kind === 'activation' && o.name === 'gelu'))
        .map((network) => {
          const weights = initialWeights(network, createRandom('python'));
          const found = networkToOnnx(network, weights, { mode: 'inference', batch: 'batch' });
          return { ...found, irVersion: 8, opsets: { '': 17 } };
        });
      expect(models.length).toBeGreaterThan(5);
      const paths = models.map((m, i) => {
        const path = join(folder, `${i}.onnx`);
        writeFileSync(path, encodeModel(m));
        return path;
      });
      const sums: Record<string, number>[] = JSON.parse(
        execFileSync(python!, ['-c', script, ...paths], { encoding: 'utf8' }),
      );
      models.forEach(({ graph }, i) => {
        expect(Object.keys(sums[i]!)).toEqual([...graph.initializers.keys()]);
        for (const [name, { data }] of graph.initializers) {
          const sum = Array.from(data as ArrayLike<number | bigint>, Number).reduce((a, b) => a + b, 0);
          expect(sums[i]![name]).toBeCloseTo(sum, 6);
        }
      });
    });
  },
);
