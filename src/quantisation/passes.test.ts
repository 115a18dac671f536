/** The passes over float models: what they may not change, and what they must. */
import { expect, test } from 'vitest';
import { classifierHead } from '../network/blocks/classifier-head.ts';
import { convBnAct } from '../network/blocks/conv-bn-act.ts';
import { invertedResidual } from '../network/blocks/inverted-residual.ts';
import type { NetworkBuilder } from '../network/builder.ts';
import { createGraphBuilder, float, float32, int, int64 } from '../onnx/graph-builder.ts';
import type { OnnxModel, OnnxNode, Tensor } from '../onnx/model.ts';
import { createRandom } from '../random.ts';
import { type Affine, quantiseValue } from './affine.ts';
import { correctLayers, measureShifts } from './bias-correction.ts';
import { equalise } from './equalise.ts';
import { indexGraph } from './graph.ts';
import { modernOpset } from './opset.ts';
import { prepareModel } from './prepare.ts';
import { decibels, feedsFor, outputOf, smallModel } from './testing/models.ts';
import { channelMaxima, dequantisedWeights, layerWeights } from './weights.ts';

const ops = (model: OnnxModel): string[] => model.graph.nodes.map((n) => n.op);
const random = createRandom('passes');
const normal = (shape: readonly number[]) =>
  float32(Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, random.normal), shape);

/** A model as other exporters write them: composites, constants as nodes, no-ops. */
function foreignModel(): OnnxModel {
  const g = createGraphBuilder({ name: 'foreign' });
  g.input('x', 'float32', ['batch', 3, 6, 6]);
  const weight = g.node('Constant', [], {
    attributes: { value: { type: 'tensor', value: normal([4, 3, 3, 3]) } },
  })[0]!;
  const conv = g.op('Conv', ['x', weight], { pads: { type: 'ints', value: [1, 1, 1, 1] } });
  const swish = g.op('HardSwish', [g.op('Dropout', [g.op('Identity', [conv])])]);
  const sum = g.op('Sum', [
    swish,
    conv,
    g.op('Clip', [conv, g.constant(float32(0)), g.constant(float32(6))]),
  ]);
  const pooled = g.op('ReduceMean', [sum, g.constant(int64([-1, -2]))], { keepdims: int(0) });
  const logits = g.op('Gemm', [pooled, g.constant(normal([4, 5])), g.constant(normal([1, 5]))]);
  g.output(g.node('Identity', [logits], { outputs: ['logits'] })[0]!);
  return g.build();
}

test('preparation splits composites, drops no-ops, and computes the same', async () => {
  const model = foreignModel();
  const prepared = prepareModel(model);
  const wanted = ['Conv', 'HardSigmoid', 'Mul', 'Clip', 'Add', 'Add', 'GlobalAveragePool', 'Flatten', 'Gemm'];
  expect(ops(prepared)).toEqual(wanted);
  expect(prepared.graph.outputs.map((o) => o.name)).toEqual(['logits']);
  const feeds = feedsFor(model, 'prepare');
  expect(decibels(await outputOf(model, feeds), await outputOf(prepared, feeds))).toBeGreaterThan(110);
});

test('models of operator set 11 are carried over, others refused', async () => {
  const g = createGraphBuilder({ name: 'old' });
  g.input('x', 'float32', ['batch', 3, 4, 4]);
  const x = g.op('Conv', ['x', g.constant(normal([2, 3, 1, 1]))]);
  g.output(
    g.op('Squeeze', [g.op('GlobalAveragePool', [g.op('Clip', [x])])], {
      axes: { type: 'ints', value: [2, 3] },
    }),
  );
  const built = g.build();
  const clip = (n: OnnxNode): OnnxNode =>
    n.op === 'Clip' ? { ...n, attributes: { min: float(0), max: float(6) } } : n;
  const graph = { ...built.graph, nodes: built.graph.nodes.map(clip) };
  // Bounds became inputs with operator set 11: this model is older still.
  const old = { ...built, irVersion: 5, opsets: { '': 10 }, graph };
  const modern = prepareModel(modernOpset(old));
  expect(modern.opsets['']).toBe(13);
  const feeds = feedsFor(old, 'old');
  expect(decibels(await outputOf(old, feeds), await outputOf(modern, feeds))).toBeGreaterThan(110);
  const resize = { ...graph.nodes[0]!, op: 'Upsample' };
  expect(() => modernOpset({ ...old, graph: { ...graph, nodes: [resize] } })).toThrow(/Upsample/);
});

const chain = (b: NetworkBuilder): string => {
  let x = convBnAct(b, b.input, { out: 6, kernel: 3, activation: 'relu' });
  x = b.maxPool(convBnAct(b, x, { out: 6, kernel: 3, groups: 6, activation: 'leakyRelu' }), { kernel: 2 });
  x = invertedResidual(b, x, {
    out: 6,
    kernel: 3,
    stride: 1,
    expansion: 2,
    squeezeExcite: null,
    activation: 'relu',
  });
  return classifierHead(b, convBnAct(b, x, { out: 9, kernel: 1, activation: 'relu' }), 4);
};

test('equalisation leaves the outputs as they are, and both layers of a pair with equal ranges', async () => {
  const model = prepareModel(smallModel(chain));
  const equal = equalise(model);
  const feeds = feedsFor(model, 'equalise');
  expect(decibels(await outputOf(model, feeds), await outputOf(equal, feeds))).toBeGreaterThan(100);
  // The first pair: the stem and the depthwise layer, whose output channel c reads input channel c.
  const spread = (m: OnnxModel): number => {
    const graph = indexGraph(m.graph);
    const [first, second] = m.graph.nodes.filter((n) => n.op === 'Conv');
    const after = channelMaxima(layerWeights(second!, graph));
    const ratios = channelMaxima(layerWeights(first!, graph)).map((range, c) => range / after[c]!);
    return Math.max(...ratios) / Math.min(...ratios);
  };
  expect(spread(model)).toBeGreaterThan(1.5);
  expect(spread(equal)).toBeLessThan(1.01);
});

test('equalisation does not cross a ReLU6, a sum, or a value with two readers', () => {
  const model = prepareModel(
    smallModel((b) => {
      const x = convBnAct(b, b.input, { out: 6, kernel: 3, activation: 'relu6' });
      const inner = convBnAct(b, x, { out: 6, kernel: 3, activation: 'relu6' });
      const y = convBnAct(b, inner, { out: 6, kernel: 3, activation: null });
      return classifierHead(b, b.activation(b.add([y, x]), 'relu'), 3);
    }),
  );
  expect(equalise(model)).toBe(model);
});

test('bias correction restores the mean of every layer under rounded weights and inputs', async () => {
  const model = prepareModel(
    smallModel((b) => convBnAct(b, b.input, { out: 5, kernel: 3, stride: 2, activation: null })),
  );
  const limit = 3; // coarse, so that the shift is large
  const layers = model.graph.nodes.filter((n) => n.op === 'Conv');
  const feeds = [feedsFor(model, 'a'), feedsFor(model, 'b')].map((f) => ({
    input: { ...f.input!, data: (f.input!.data as Float32Array).map((v) => v + 1) },
  }));
  const rounded = (m: OnnxModel): OnnxModel => {
    const { weight, ...rest } = layerWeights(
      m.graph.nodes.find((n) => n.op === 'Conv')!,
      indexGraph(m.graph),
    );
    const name = m.graph.nodes.find((n) => n.op === 'Conv')!.inputs[1]!;
    const data = dequantisedWeights({ weight, ...rest }, limit);
    const initializers = new Map(m.graph.initializers).set(name, { ...weight, data });
    return { ...m, graph: { ...m.graph, initializers } };
  };
  // So coarse and narrow that much is clipped.
  const affine: Affine = { scale: 0.3, zeroPoint: 250, dtype: 'uint8' };
  const roundedFeeds = feeds.map(({ input }) => ({
    input: {
      ...input,
      data: input.data.map((v) => (quantiseValue(v, affine) - affine.zeroPoint) * affine.scale),
    },
  }));
  const means = async (m: OnnxModel, images: typeof feeds): Promise<number[]> => {
    const sums = new Array<number>(5).fill(0);
    for (const f of images) {
      const { data, shape } = await outputOf(m, f);
      const each = shape[2]! * shape[3]!;
      data.forEach((v, i) => {
        sums[Math.floor(i / each) % 5]! += Number(v) / (each * shape[0]! * feeds.length);
      });
    }
    return sums;
  };
  const expected = await means(model, feeds);
  const affines = new Map([['input', affine]]);
  const rounding = { affines, weights: new Map<string, Tensor>(), limit };
  const shifts = await measureShifts(model, layers, feeds, rounding, { threads: 1 });
  const corrected = correctLayers(model, new Set(layers), { weights: new Map(), shifts });
  const distance = (a: readonly number[]): number => Math.hypot(...a.map((v, c) => v - expected[c]!));
  expect(distance(await means(rounded(model), roundedFeeds))).toBeGreaterThan(0.05);
  expect(distance(await means(rounded(corrected), roundedFeeds))).toBeLessThan(1e-4);
});
