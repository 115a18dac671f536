/** Every lowering pass against the plain lowering: a whole training step of small networks, gradient by gradient. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type NetworkBuilder, networkBuilder } from '../../network/builder.ts';
import { initialWeights } from '../../network/initialise.ts';
import type { ActivationName, Network } from '../../network/network.ts';
import { networkToOnnx } from '../../network/to-onnx.ts';
import { encodeModel } from '../../onnx/encode.ts';
import type { Tensor } from '../../onnx/model.ts';
import { createRandom } from '../../random.ts';
import { loweringTarget } from '../../runtime/lowering-target.ts';
import { createSession } from '../../runtime/session.ts';
import { crossEntropy } from '../losses/cross-entropy.ts';
import { sgd } from '../optimisers/sgd.ts';
import { pack, unpack } from '../parameter-layout.ts';
import { trainingGraph } from '../training-graph.ts';
import { type LoweringTarget, PLAIN } from './target.ts';

const here = await loweringTarget();
const CLASSES = 5;
/** Two blocks of images: the weight gradients are blocked by them, and summed in two parts. */
const BATCH = 32;

interface Step {
  readonly loss: number;
  /** Gradient of each parameter, and the new running averages under their names. */
  readonly results: ReadonlyMap<string, Float32Array>;
}

/** One step of plain gradient descent with rate 1: what the parameters lose is their gradient. */
async function step(network: Network, target: LoweringTarget, batch = BATCH): Promise<Step> {
  const random = createRandom('step');
  const weights = initialWeights(network, random);
  const model = networkToOnnx(network, weights, { mode: 'training', batch });
  const graph = trainingGraph(model, crossEntropy(), sgd({ momentum: 0, nesterov: false }), {
    trainable: (name) => weights.has(name),
    target,
  });
  const session = await createSession(encodeModel(graph.model), { threads: 2 });
  const vector = (data: Float32Array, shape: readonly number[] = [data.length]): Tensor => ({
    dtype: 'float32',
    shape,
    data,
  });
  const shape = [batch, ...network.inputs[0]!.shape];
  const parameters = pack(graph.parameters, weights);
  const labels = new Float32Array(batch * CLASSES);
  for (let i = 0; i < batch; i++) labels[i * CLASSES + (i % CLASSES)] = 1;
  const all: Record<string, Tensor> = {
    input: vector(
      Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal()),
      shape,
    ),
    labels: vector(labels, [batch, CLASSES]),
    parameters: vector(parameters),
    statistics: vector(pack(graph.statistics, weights)),
    decay: vector(new Float32Array(parameters.length)),
    velocity: vector(new Float32Array(parameters.length)),
    learningRate: vector(Float32Array.of(1), []),
    step: vector(Float32Array.of(1), []),
  };
  const feeds = Object.fromEntries(session.inputNames.map((name) => [name, all[name]!]));
  const outputs = await session.run(feeds);
  await session.release();
  const next = outputs['next.parameters']!.data as Float32Array;
  const gradient = parameters.map((value, i) => value - next[i]!);
  const results = [...unpack(graph.parameters, gradient)];
  const statistics = outputs['next.statistics'];
  if (statistics) results.push(...unpack(graph.statistics, statistics.data as Float32Array));
  return {
    loss: Number(outputs.loss!.data[0]),
    results: new Map(results.map(([name, tensor]) => [name, tensor.data as Float32Array])),
  };
}

/** Largest difference of any tensor, relative to its largest value (or to what is small in this step). */
function worstDifference(a: Step, b: Step): { readonly name: string; readonly value: number } {
  let worst = { name: 'loss', value: Math.abs(a.loss - b.loss) / Math.abs(b.loss) };
  for (const [name, expected] of b.results) {
    const actual = a.results.get(name)!;
    const scale = expected.reduce((m, v) => Math.max(m, Math.abs(v)), 0.02);
    const distance = expected.reduce((m, v, i) => Math.max(m, Math.abs(v - actual[i]!)), 0);
    const value = Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance / scale;
    if (!(value <= worst.value)) worst = { name, value };
  }
  return worst;
}

const TOLERANCE = 2e-3;

function network(channels: number, side: number, body: (b: NetworkBuilder, x: string) => string): Network {
  const b = networkBuilder([3, side, side]);
  const first = b.activation(b.batchNorm(b.conv(b.input, { out: channels, kernel: 3 })), 'relu');
  const last = body(b, first);
  return b.build([b.linear(b.flatten(b.globalAveragePool(last)), { out: CLASSES })]);
}

const normAct = (b: NetworkBuilder, x: string, name: ActivationName): string =>
  b.activation(b.batchNorm(x), name);

const NETWORKS: Readonly<Record<string, Network>> = {
  'channels that fill a block up': network(24, 8, (b, x) =>
    normAct(b, b.conv(x, { out: 40, kernel: 3 }), 'relu'),
  ),
  'a bias, too few channels to fill up': network(16, 8, (b, x) =>
    normAct(
      b,
      b.conv(normAct(b, b.conv(x, { out: 24, kernel: 3, bias: true }), 'tanh'), { out: 8, kernel: 1 }),
      'relu',
    ),
  ),
  'activations that leave no zeros': network(24, 8, (b, x) => {
    const gated = normAct(b, b.conv(x, { out: 24, kernel: 1 }), 'silu');
    const hard = normAct(b, b.conv(gated, { out: 24, kernel: 3 }), 'hardSwish');
    const sigmoid = normAct(b, b.conv(hard, { out: 24, kernel: 1 }), 'sigmoid');
    return b.add([normAct(b, b.conv(sigmoid, { out: 24, kernel: 3 }), 'gelu'), x]);
  }),
  'inverted residual with squeeze-excite': network(24, 8, (b, x) => {
    const wide = normAct(b, b.conv(x, { out: 72, kernel: 1 }), 'relu6');
    const deep = normAct(b, b.conv(wide, { out: 72, kernel: 5, groups: 72 }), 'relu6');
    const gate = b.activation(
      b.conv(b.globalAveragePool(deep), { out: 72, kernel: 1, bias: true }),
      'hardSigmoid',
    );
    return b.add([b.batchNorm(b.conv(b.multiply(deep, gate), { out: 24, kernel: 1 })), x]);
  }),
  'strided convolutions, full and depthwise': network(24, 12, (b, x) => {
    const half = normAct(b, b.conv(x, { out: 32, kernel: 3, stride: 2 }), 'relu');
    const shortcut = b.batchNorm(b.conv(x, { out: 32, kernel: 1, stride: 2 }));
    const sum = b.activation(b.add([half, shortcut]), 'relu');
    return normAct(b, b.conv(sum, { out: 32, kernel: 5, stride: 2, groups: 32 }), 'relu');
  }),
  'large images, whose weight gradients are cut into strips': network(24, 64, (b, x) => {
    const half = normAct(b, b.conv(x, { out: 24, kernel: 5, stride: 2 }), 'relu');
    const wide = normAct(b, b.conv(half, { out: 40, kernel: 3 }), 'relu');
    return normAct(b, b.conv(wide, { out: 40, kernel: 3, dilation: 2 }), 'relu');
  }),
  'large images of one block of channels, taken in strips': network(16, 72, (b, x) => {
    const same = normAct(b, b.conv(x, { out: 12, kernel: 3 }), 'relu');
    return normAct(b, b.conv(same, { out: 16, kernel: [3, 5], dilation: [1, 2] }), 'relu');
  }),
  'branches that begin at one image and meet again': network(24, 8, (b, x) => {
    const wide = b.batchNorm(b.conv(x, { out: 24, kernel: 3 }));
    const point = b.batchNorm(b.conv(x, { out: 24, kernel: 1 }));
    const y = b.activation(b.add([wide, point, b.batchNorm(x)]), 'relu');
    const half = b.batchNorm(b.conv(y, { out: 32, kernel: 3, stride: 2 }));
    const same = b.averagePool(b.conv(y, { out: 32, kernel: 3 }), { kernel: 2 });
    return b.activation(b.add([half, same]), 'relu');
  }),
  'a normalised convolution that stays plain: groups that fill no block': network(24, 8, (b, x) => {
    const apart = normAct(b, b.conv(x, { out: 48, kernel: 3, groups: 2 }), 'relu');
    return b.add([b.batchNorm(b.conv(apart, { out: 24, kernel: 1 })), x]);
  }),
  'strides that do not divide the image': network(16, 9, (b, x) =>
    normAct(b, b.conv(x, { out: 16, kernel: 3, stride: [2, 3], padding: [1, 1, 0, 0] }), 'relu'),
  ),
  'pools and concatenation': network(16, 8, (b, x) => {
    const average = b.averagePool(x, { kernel: 3, stride: 1, padding: [1, 1, 1, 1] });
    // Rectified images have many equal maxima: the first must take the gradient.
    const most = b.resize(b.maxPool(x, { kernel: 2 }), { size: [8, 8], mode: 'nearest' });
    return normAct(b, b.conv(b.concat([x, average, most]), { out: 16, kernel: 3 }), 'relu');
  }),
  'enlarged by whole factors, and by others': network(24, 6, (b, x) => {
    const wide = b.resize(x, { size: [18, 12], mode: 'nearest' });
    const uneven = b.resize(normAct(b, b.conv(wide, { out: 24, kernel: 3 }), 'relu'), {
      size: [27, 20],
      mode: 'nearest',
    });
    return normAct(b, b.conv(uneven, { out: 24, kernel: 3 }), 'relu');
  }),
  'pools of filled-up channels': network(24, 12, (b, x) => {
    const tiles = b.maxPool(b.activation(x, 'relu'), { kernel: [3, 2] });
    return b.averagePool(normAct(b, b.conv(tiles, { out: 24, kernel: 3 }), 'relu6'), { kernel: 2 });
  }),
};

/** Branches of the images themselves, which are too few channels for a block. */
function stems(): Network {
  const b = networkBuilder([3, 12, 10]);
  const branches = [
    b.conv(b.input, { out: 24, kernel: 3, stride: 2 }),
    b.conv(b.input, { out: 24, kernel: 1, stride: 2 }),
    b.conv(b.input, { out: 24, kernel: [5, 2], stride: 2, padding: [2, 0, 2, 1] }),
    b.conv(b.input, { out: 24, kernel: 3, stride: 2, dilation: 2, padding: [2, 2, 2, 2] }),
  ];
  const sum = b.activation(b.add(branches.map((x) => b.batchNorm(x))), 'relu');
  return b.build([b.linear(b.flatten(b.globalAveragePool(sum)), { out: CLASSES })]);
}

describe.skipIf(here.kind === 'plain')('blocked lowering (needs a processor with blocked kernels)', () => {
  test.each(Object.entries(NETWORKS))('equals the plain one: %s', async (_, candidate) => {
    const worst = worstDifference(await step(candidate, here), await step(candidate, PLAIN));
    expect(worst.value, worst.name).toBeLessThan(TOLERANCE);
  });

  test.each([32, 20])('equals the plain one: stems, %i images', async (batch) => {
    const worst = worstDifference(await step(stems(), here, batch), await step(stems(), PLAIN, batch));
    expect(worst.value, worst.name).toBeLessThan(TOLERANCE);
  });

  test('equals the plain one for any convolution', async () => {
    const layer = fc.record({
      batch: fc.constantFrom(6, 12, 16, 20, 32),
      inside: fc.constantFrom(10, 16, 24, 32, 40),
      out: fc.constantFrom(8, 16, 20, 32, 48),
      depthwise: fc.boolean(),
      kernel: fc.tuple(fc.constantFrom(1, 2, 3, 5), fc.constantFrom(1, 3, 4)),
      stride: fc.tuple(fc.constantFrom(1, 2, 3), fc.constantFrom(1, 2)),
      dilation: fc.constantFrom(1, 1, 2),
      padded: fc.boolean(),
      side: fc.constantFrom(9, 12),
      activation: fc.constantFrom<ActivationName>('relu', 'relu6', 'silu', 'hardSwish', 'leakyRelu'),
    });
    await fc.assert(
      fc.asyncProperty(
        layer,
        async ({ batch, inside, out, depthwise, kernel, stride, dilation, padded, side, activation }) => {
          const candidate = network(inside, side, (b, x) => {
            const options = { kernel, stride, dilation, ...(!padded && { padding: [0, 0, 0, 0] as const }) };
            const y = b.conv(
              x,
              depthwise ? { ...options, out: inside, groups: inside } : { ...options, out },
            );
            return normAct(b, y, activation);
          });
          const steps = [await step(candidate, here, batch), await step(candidate, PLAIN, batch)] as const;
          const worst = worstDifference(...steps);
          expect(worst.value, worst.name).toBeLessThan(TOLERANCE);
        },
      ),
      { numRuns: 40, seed: 7 },
    );
  });

  test('is bitwise repeatable', async () => {
    const candidate = NETWORKS['inverted residual with squeeze-excite']!;
    expect(await step(candidate, here)).toEqual(await step(candidate, here));
  });
});
