/** Our inferred shapes against ONNX Runtime's own. */
import { describe, expect, test } from 'vitest';
import { initialWeights } from '../network/initialise.ts';
import { networkToOnnx } from '../network/to-onnx.ts';
import { createRandom } from '../random.ts';
import { createSession } from '../runtime/session.ts';
import { PRESETS } from '../space/presets/index.ts';
import { sampleNetwork } from '../space/sample-network.ts';
import { encodeModel } from './encode.ts';
import { createGraphBuilder, float32, type GraphBuilder, int, int64, ints, str } from './graph-builder.ts';
import type { OnnxModel } from './model.ts';
import { SHAPE_RULES, type ValueType } from './shape-rules.ts';

/** What our rules say of every value of a model. */
function inferred(model: OnnxModel): Map<string, ValueType> {
  const { graph } = model;
  const types = new Map<string, ValueType>([...graph.initializers]);
  for (const input of graph.inputs) types.set(input.name, input);
  for (const { op, name, attributes, inputs, outputs } of graph.nodes) {
    const results = SHAPE_RULES[op]!({
      op,
      name,
      attributes,
      inputs: inputs.map((i) => types.get(i) ?? null),
      constant: (i) => graph.initializers.get(inputs[i] ?? '') ?? null,
      outputCount: outputs.length,
    });
    outputs.forEach((output, i) => void types.set(output, results[i]!));
  }
  return types;
}

/** A session with every value as an output, so that ONNX Runtime tells its shape. */
function openedUp(model: OnnxModel, types: ReadonlyMap<string, ValueType>, values: readonly string[]) {
  const outputs = values.map((name) => ({ name, dtype: types.get(name)!.dtype, shape: [], unranked: true }));
  return createSession(encodeModel({ ...model, graph: { ...model.graph, outputs } }), {
    optimisation: 'disabled',
  });
}
const valuesOf = (model: OnnxModel): string[] =>
  model.graph.nodes.flatMap((n) => n.outputs.filter((o) => o !== ''));

/** With ONNX Runtime's inference. @returns how many values agree */
async function inferenceAgrees(model: OnnxModel): Promise<number> {
  const types = inferred(model);
  const values = valuesOf(model);
  const session = await openedUp(model, types, values);
  for (const value of values) {
    const ours = types.get(value)!.shape;
    // Of some operators ONNX Runtime forgets the symbols; it then says nothing ('').
    const theirs = session
      .outputShape(value)
      .map((d, i) => (d === '' && typeof ours[i] === 'string' ? ours[i] : d));
    expect(theirs, value).toEqual([...ours]);
  }
  await session.release();
  return values.length;
}

/** With what comes out for zeros, symbolic axes as 2. (Its inference is wrong for some pools with `ceil_mode`.) */
async function executionAgrees(model: OnnxModel): Promise<void> {
  const types = inferred(model);
  const values = valuesOf(model);
  const session = await openedUp(model, types, values);
  const sized = (shape: readonly (number | string)[]): number[] =>
    shape.map((d) => (typeof d === 'number' ? d : 2));
  const feeds = model.graph.inputs.map(({ name, shape }) => {
    const data = new Float32Array(sized(shape).reduce((a, b) => a * b, 1));
    return [name, { dtype: 'float32' as const, shape: sized(shape), data }] as const;
  });
  const results = await session.run(Object.fromEntries(feeds));
  await session.release();
  for (const value of values) {
    expect([...results[value]!.shape], value).toEqual(sized(types.get(value)!.shape));
    expect(results[value]!.dtype, value).toBe(types.get(value)!.dtype);
  }
}

describe('of random networks', () => {
  test.each(Object.entries(PRESETS))('%s', async (name, space) => {
    const random = createRandom(`shapes ${name}`);
    let values = 0;
    for (const batch of [3, 'batch'] as const) {
      const io = { inputShape: [3, 32, 32], outputs: 10 } as const;
      const { network } = sampleNetwork(space, random.split(`${batch}`), io);
      const weights = initialWeights(network, random.split(`weights ${batch}`));
      values += await inferenceAgrees(networkToOnnx(network, weights, { mode: 'inference', batch }));
    }
    expect(values).toBeGreaterThan(20);
  });
});

describe('of single operators', () => {
  const x = (g: GraphBuilder, ...shape: (number | string)[]): string => g.input('x', 'float32', shape);
  const list = (g: GraphBuilder, ...values: number[]): string => g.constant(int64(values));
  const scalar = (g: GraphBuilder, value: number): string => g.constant({ ...int64([value]), shape: [] });
  const kernel = (g: GraphBuilder, ...shape: number[]): string =>
    g.constant(float32(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape));
  const pooled = (size: number, stride: number, pad: number, height: number) => (g: GraphBuilder) =>
    g.op('MaxPool', [x(g, 'n', 3, height, height)], {
      kernel_shape: ints([size, size]),
      strides: ints([stride, stride]),
      pads: ints([pad, pad, pad, pad]),
      ceil_mode: int(1),
    });
  const cases: Readonly<Record<string, (g: GraphBuilder) => unknown>> = {
    'pool with a last window in the padding': pooled(2, 2, 1, 6),
    'pool with a last window over the border': pooled(3, 2, 0, 6),
    'pool with a stride beyond its window': pooled(1, 3, 0, 6),
    'convolution that keeps the size': (g) =>
      g.op('Conv', [x(g, 'n', 2, 7, 8), kernel(g, 4, 2, 3, 3)], {
        auto_pad: str('SAME_UPPER'),
        strides: ints([2, 3]),
      }),
    'transposed convolution of a given size': (g) =>
      g.op('ConvTranspose', [x(g, 2, 3, 4, 4), kernel(g, 3, 2, 3, 3)], {
        strides: ints([2, 2]),
        output_shape: ints([8, 8]),
      }),
    'transposed convolution of a sequence': (g) =>
      g.op('ConvTranspose', [x(g, 2, 3, 4), kernel(g, 3, 2, 3)], { strides: ints([2]), pads: ints([1, 0]) }),
    Einsum: (g) =>
      g.op('Einsum', [x(g, 2, 3, 4, 5), kernel(g, 2, 3, 6, 5)], { equation: str('bhid,bhjd->bhij') }),
    'Einsum without an arrow': (g) =>
      g.op('Einsum', [x(g, 2, 3), kernel(g, 3, 4)], { equation: str('ij, jk') }),
    GatherND: (g) => g.op('GatherND', [x(g, 4, 3, 2), g.constant({ ...int64([1, 2, 0, 1]), shape: [2, 2] })]),
    OneHot: (g) =>
      g.op('OneHot', [list(g, 1, 0, 2), scalar(g, 4), g.constant(float32([0, 1]))], { axis: int(0) }),
    Tile: (g) => g.op('Tile', [x(g, 'n', 3), list(g, 1, 4)]),
    SpaceToDepth: (g) => g.op('SpaceToDepth', [x(g, 'n', 3, 4, 6)], { blocksize: int(2) }),
    DepthToSpace: (g) => g.op('DepthToSpace', [x(g, 'n', 8, 4, 6)], { blocksize: int(2) }),
    'Shape of some axes': (g) => g.op('Shape', [x(g, 2, 3, 4, 5)], { start: int(1), end: int(-1) }),
    Range: (g) => g.op('Range', [scalar(g, 1), scalar(g, 8), scalar(g, 3)]),
    Where: (g) => {
      const value = x(g, 'n', 3, 1);
      return g.op('Where', [g.op('Greater', [value, kernel(g, 1)]), value, kernel(g, 4)]);
    },
    'Clip without a lower bound': (g) => g.op('Clip', [x(g, 'n', 3), '', g.constant(float32(1))]),
  };
  test.each(Object.entries(cases))('%s', async (_, build) => {
    const g = createGraphBuilder({ name: 'shapes' });
    build(g);
    g.output(g.nodes().at(-1)!.outputs[0]!);
    await executionAgrees(g.build());
  });
});
