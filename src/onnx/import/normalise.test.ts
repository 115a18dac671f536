/** Models of old operator sets and exporters' idioms: the same values as ONNX Runtime gives for the file as it is. */
import { describe, expect, test } from 'vitest';
import { createRandom } from '../../random.ts';
import { createSession } from '../../runtime/session.ts';
import { encodeModel } from '../encode.ts';
import { float, float32, int, int64, ints } from '../graph-builder.ts';
import type { OnnxModel, OnnxNode, Tensor } from '../model.ts';
import { node } from '../testing/node.ts';
import { normaliseModel } from './normalise.ts';

function model(
  version: number,
  shape: readonly (number | string)[],
  initializers: Readonly<Record<string, Tensor>>,
  nodes: readonly OnnxNode[],
): OnnxModel {
  const unranked = { shape: [], unranked: true };
  return {
    irVersion: 7,
    opsets: { '': version },
    producer: 'test',
    metadata: {},
    graph: {
      name: 'old',
      inputs: [{ name: 'x', dtype: 'float32', shape }],
      outputs: [{ name: 'y', dtype: 'float32', ...unranked }],
      initializers: new Map(Object.entries(initializers)),
      nodes,
    },
  };
}

async function run(source: OnnxModel, x: Tensor): Promise<Tensor> {
  const session = await createSession(encodeModel(source), { optimisation: 'disabled' });
  const { y } = await session.run(session.inputNames.includes('x') ? { x } : {});
  await session.release();
  return y!;
}

function drawn(shape: readonly number[]): Tensor {
  const random = createRandom('normalise');
  const length = shape.reduce((a, b) => a * b, 1);
  return { dtype: 'float32', shape, data: Float32Array.from({ length }, () => random.normal()) };
}

/** @returns the normalised model, which gives what the original does */
async function expectEqual(source: OnnxModel, shape: readonly number[]): Promise<OnnxModel> {
  const symbols = source.graph.inputs[0]!.shape;
  const sizes = symbols.flatMap((d, i) => (typeof d === 'string' ? [[d, shape[i]!] as const] : []));
  const normal = normaliseModel(source, Object.fromEntries(sizes));
  const x = drawn(shape);
  const [ours, original] = [await run(normal, x), await run(source, x)];
  expect(ours.shape).toEqual(original.shape);
  expect(ours.data.length).toBeGreaterThan(0);
  original.data.forEach((value, i) => {
    expect(Number(ours.data[i])).toBeCloseTo(Number(value), 5);
  });
  return normal;
}

describe('old forms', () => {
  const cases: Readonly<Record<string, readonly [OnnxModel, readonly number[]]>> = {
    'axes as attributes, opset 11': [
      model(11, [2, 3, 4], {}, [
        node('Unsqueeze', ['x'], 'a', { axes: ints([1, 4]) }),
        node('ReduceSum', ['a'], 'b', { axes: ints([-2]), keepdims: int(1) }),
        node('Squeeze', ['b'], 'c', { axes: ints([1]) }),
        node('ReduceMean', ['c'], 'y', { axes: ints([0]), keepdims: int(0) }),
      ]),
      [2, 3, 4],
    ],
    'axes as attributes of reductions, opset 17': [
      model(17, [2, 3, 4], {}, [
        node('ReduceMax', ['x'], 'a', { axes: ints([1]) }),
        node('ReduceL2', ['a'], 'y', { axes: ints([0, 2]), keepdims: int(0) }),
      ]),
      [2, 3, 4],
    ],
    'sizes of parts as an attribute': [
      model(11, [2, 7], {}, [
        { ...node('Split', ['x'], 'a', { axis: int(1), split: ints([3, 3, 1]) }), outputs: ['a', 'b', 'c'] },
        node('Concat', ['c', 'b', 'a'], 'y', { axis: int(1) }),
      ]),
      [2, 7],
    ],
    'equal parts': [
      model(13, [2, 6], {}, [
        { ...node('Split', ['x'], 'a', { axis: int(-1) }), outputs: ['a', 'b', 'c'] },
        node('Concat', ['c', 'a', 'b'], 'y', { axis: int(1) }),
      ]),
      [2, 6],
    ],
    'parts by their number': [
      model(18, [2, 7], {}, [
        { ...node('Split', ['x'], 'a', { axis: int(1), num_outputs: int(3) }), outputs: ['a', 'b', 'c'] },
        node('Concat', ['c', 'b', 'a'], 'y', { axis: int(1) }),
      ]),
      [2, 7],
    ],
    'softmax over several axes at once': [model(11, [2, 3, 4], {}, [node('Softmax', ['x'], 'y')]), [2, 3, 4]],
    'softmax over the last axis': [
      model(11, ['n', 3, 4], {}, [node('LogSoftmax', ['x'], 'y', { axis: int(-1) })]),
      [2, 3, 4],
    ],
    'resize with empty inputs': [
      model(11, [1, 2, 3, 4], { none: float32([]), scales: float32([1, 1, 2, 2]) }, [
        node('Resize', ['x', 'none', 'scales'], 'y', { mode: { type: 'string', value: 'nearest' } }),
      ]),
      [1, 2, 3, 4],
    ],
    'resize of some axes': [
      model(18, [1, 2, 3, 4], { sizes: int64([6, 5]) }, [
        node('Resize', ['x', '', '', 'sizes'], 'y', {
          mode: { type: 'string', value: 'linear' },
          axes: ints([-2, -1]),
        }),
      ]),
      [1, 2, 3, 4],
    ],
    'group normalisation per group': [
      model(18, [2, 4, 3], { scale: float32([1.5, 0.5]), bias: float32([0.1, -0.2]) }, [
        node('GroupNormalization', ['x', 'scale', 'bias'], 'y', { num_groups: int(2) }),
      ]),
      [2, 4, 3],
    ],
    'constants as numbers': [
      model(13, [2, 3], {}, [
        node('Constant', [], 'a', { value_float: float(0.5) }),
        node('Constant', [], 'b', { value_ints: ints([3, 2]) }),
        node('Mul', ['x', 'a'], 'c'),
        node('Reshape', ['c', 'b'], 'y'),
      ]),
      [2, 3],
    ],
  };
  test.each(Object.entries(cases))('%s', async (_, [source, shape]) => {
    const normal = await expectEqual(source, shape);
    expect(normal.opsets['']).toBe(21);
  });

  test('newer than what we write', async () => {
    const source = model(23, ['n', 4], { scale: float32([1, 2, 3, 4]) }, [
      node('RMSNormalization', ['x', 'scale'], 'y'),
    ]);
    expect((await expectEqual({ ...source, irVersion: 10 }, [2, 4])).opsets['']).toBe(23);
  });

  test('older than what is handled', () => {
    expect(() => normaliseModel(model(9, [1], {}, [node('Relu', ['x'], 'y')]))).toThrow(/operator set 9/);
  });
});

describe('what does not depend on weights or data is computed', () => {
  /** The operators left, constants aside. */
  const left = ({ graph }: OnnxModel): string[] =>
    graph.nodes.filter((n) => n.op !== 'Constant').map((n) => n.op);

  test('the shape of a reshape', async () => {
    const source = model(11, ['n', 3, 4], { zero: { ...int64([0]), shape: [] }, minus: int64([-1]) }, [
      node('Shape', ['x'], 'shape'),
      node('Gather', ['shape', 'zero'], 'batch'),
      node('Unsqueeze', ['batch'], 'first', { axes: ints([0]) }),
      node('Concat', ['first', 'minus'], 'target', { axis: int(0) }),
      node('Reshape', ['x', 'target'], 'y'),
    ]);
    expect(left(await expectEqual(source, [2, 3, 4]))).toEqual(['Reshape']);
    // Without a size of its axis the chain stays.
    expect(left(normaliseModel(source))).toContain('Shape');
  });

  test('an expansion over a computed shape, as for class tokens', async () => {
    const weights = { token: float32([1, 2, 3], [1, 1, 3]), one: int64([-1]) };
    const source = model(13, ['n', 3], weights, [
      node('Shape', ['x'], 'shape'),
      node('Slice', ['shape', 'from', 'to'], 'batch'),
      node('Constant', [], 'from', { value: { type: 'tensor', value: int64([0]) } }),
      node('Constant', [], 'to', { value: { type: 'tensor', value: int64([1]) } }),
      node('Concat', ['batch', 'one', 'one'], 'target', { axis: int(0) }),
      node('Shape', ['target'], 'rank'),
      node('ConstantOfShape', ['rank'], 'ones', { value: { type: 'tensor', value: int64([1]) } }),
      node('Equal', ['target', 'one'], 'free'),
      node('Where', ['free', 'ones', 'target'], 'final'),
      node('Expand', ['token', 'final'], 'y'),
    ]);
    const [shape, slice, ...rest] = source.graph.nodes;
    const ordered = [shape!, rest[0]!, rest[1]!, slice!, ...rest.slice(2)];
    const normal = await expectEqual({ ...source, graph: { ...source.graph, nodes: ordered } }, [2, 3]);
    expect(left(normal)).toEqual(['Expand']);
    // The weight is read where it stands, so that it trains.
    expect([...normal.graph.initializers.keys()]).toEqual(['token']);
  });

  /** An operator on constants: folded away, with the value that ONNX Runtime computes. */
  const folded: Readonly<Record<string, readonly [OnnxNode, Readonly<Record<string, Tensor>>]>> = {
    'integer division': [node('Div', ['a', 'b'], 'r'), { a: int64([7, -7, 9]), b: int64([2]) }],
    'modulus of integers': [node('Mod', ['a', 'b'], 'r'), { a: int64([7, -7]), b: int64([3, 3]) }],
    'a transposed table': [
      node('Transpose', ['a'], 'r'),
      { a: { ...int64([1, 2, 3, 4, 5, 6]), shape: [2, 3] } },
    ],
    'a slice backwards': [
      node('Slice', ['a', 'b', 'c', 'd', 'e'], 'r'),
      { a: int64([1, 2, 3, 4]), b: int64([-1]), c: int64([-9]), d: int64([0]), e: int64([-2]) },
    ],
    'rows by index': [
      node('Gather', ['a', 'b'], 'r', { axis: int(1) }),
      { a: { ...int64([1, 2, 3, 4, 5, 6]), shape: [2, 3] }, b: { ...int64([2, 0, -2, 1]), shape: [2, 2] } },
    ],
    'joined columns': [
      node('Concat', ['a', 'b'], 'r', { axis: int(1) }),
      { a: { ...int64([1, 2, 3, 4]), shape: [2, 2] }, b: { ...int64([5, 6]), shape: [2, 1] } },
    ],
    'a product over an axis': [
      node('ReduceProd', ['a'], 'r', { axes: ints([1]), keepdims: int(0) }),
      { a: { ...int64([1, 2, 3, 4, 5, 6]), shape: [2, 3] } },
    ],
    'an upper triangle': [
      node('Trilu', ['a', 'b'], 'r'),
      { a: { ...int64([1, 2, 3, 4, 5, 6, 7, 8, 9]), shape: [3, 3] }, b: { ...int64([1]), shape: [] } },
    ],
    'numbers in order': [
      node('Range', ['a', 'b', 'c'], 'r'),
      {
        a: { ...int64([1]), shape: [] },
        b: { ...int64([8]), shape: [] },
        c: { ...int64([3]), shape: [] },
      },
    ],
    'the largest of broadcast numbers': [
      node('Max', ['a', 'b'], 'r'),
      { a: int64([1, 5]), b: { ...int64([2, 3]), shape: [2, 1] } },
    ],
  };
  test.each(Object.entries(folded))('%s', async (_, [operator, constants]) => {
    const asNodes = Object.entries(constants).map(([name, value]) =>
      node('Constant', [], name, { value: { type: 'tensor', value } }),
    );
    const nodes = [...asNodes, operator, node('Cast', ['r'], 'y', { to: int(1) })];
    const normal = await expectEqual(model(14, [1], {}, nodes), [1]);
    expect(left(normal)).toEqual([]);
  });
});

describe('merged initialisers', () => {
  const ones = float32([1, 1]);
  const source = model(13, [2, 2], { a: ones }, [
    node('Identity', ['a'], 'b'),
    node('Mul', ['x', 'a'], 'c'),
    node('Add', ['c', 'b'], 'd'),
    node('Mul', ['d', 'a'], 'y'),
  ]);

  test('become tensors of their own; one that is read twice stays one', async () => {
    const normal = await expectEqual(source, [2, 2]);
    expect([...normal.graph.initializers.keys()]).toEqual(['a', 'b']);
    expect(normal.graph.nodes.map((n) => n.op)).toEqual(['Mul', 'Add', 'Mul']);
  });
});
