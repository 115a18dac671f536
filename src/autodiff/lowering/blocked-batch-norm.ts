/** Training-mode batch normalisation on blocked images: every sum and every result is one pass over memory. */
import { float32 } from '../../onnx/graph-builder.ts';
import { floatAttribute } from '../../onnx/shape-rules.ts';
import { staticShape } from '../arithmetic.ts';
import { affine } from './blocked-kernel.ts';
import { channelProducts } from './depthwise.ts';
import type { BlockedHandler } from './handler.ts';
import { type Layouts, NCHWC_DOMAIN } from './layouts.ts';
import { batchNormCoefficients } from './plain.ts';
import { sumOfRows } from './sum-of-rows.ts';

/** Mean over batch and pixels of a blocked value, per channel, times a factor. */
function channelMean(l: Layouts, blocked: string, factor = 1): string {
  const { g } = l.m;
  const [n, channels] = staticShape(g.shape(blocked)) as [number, number];
  const pooled = g.node('GlobalAveragePool', [blocked], {
    domain: NCHWC_DOMAIN,
    types: [{ dtype: 'float32', shape: [n, channels, 1, 1] }],
  })[0]!;
  return sumOfRows(l.m, pooled, factor / n);
}

const elementsPerChannel = (shape: readonly number[]): number => shape[0]! * shape[2]! * shape[3]!;

export const batchNormTraining: BlockedHandler = (l, node, fusion) => {
  const { m } = l;
  const [x, scale, bias] = node.inputs as [string, string, string];
  if (!l.isBlocked(x)) return false;
  const shape = l.shape(x);
  const channels = shape[1]!;
  const input = l.blocked(x);
  const mean = channelMean(l, input);
  const square = channelProducts(m, input, input, 1 / elementsPerChannel(shape));
  const variance = m.g.op('Max', [m.sub(square, m.mul(mean, mean)), m.scalar(0)]);
  const epsilon = m.scalar(floatAttribute(node.attributes, 'epsilon', 1e-5));
  const inverseStd = m.g.op('Reciprocal', [m.g.op('Sqrt', [m.add(variance, epsilon)])]);
  const factor = m.mul(l.channelVector(l.plain(scale)), inverseStd);
  const shift = m.sub(l.channelVector(l.plain(bias)), m.mul(mean, factor));
  const sum = fusion.sum ? l.blocked(fusion.sum) : undefined;
  l.setBlocked(
    fusion.output,
    affine(l, input, factor, shift, { sum, activation: fusion.activation, name: node.name }),
  );
  [mean, variance, inverseStd].forEach((value, i) => {
    l.setPlain(node.outputs[i + 1]!, l.trimVector(value, channels));
  });
  return true;
};

export const batchNormGradient: BlockedHandler = (l, node, fusion) => {
  const { m } = l;
  const [dy, x] = node.inputs as [string, string];
  if (!l.isBlocked(x)) return false;
  const shape = l.shape(x);
  const channels = shape[1]!;
  const count = elementsPerChannel(shape);
  const [gradient, input] = [l.blocked(dy), l.blocked(x)];
  const [scale, mean, inverseStd] = node.inputs.slice(2).map((v) => l.channelVector(l.plain(v)));
  const sums = {
    dy: channelMean(l, gradient, count),
    dyX: channelProducts(m, gradient, input),
  };
  const c = batchNormCoefficients(m, sums, scale!, mean!, inverseStd!, count);
  if (fusion.factorApart) {
    const centred = plusAffine(l, gradient, fusion.keepsInput, [input, c.k, c.k2]);
    const value = l.like(fusion.output);
    l.setBlocked(value, centred);
    l.setFactored(fusion.output, { value, factor: c.a }, () => affine(l, centred, c.a, undefined));
  } else {
    const sum = fusion.sum ? l.blocked(fusion.sum) : undefined;
    const part = affine(l, input, m.mul(c.a, c.k), m.mul(c.a, c.k2), { sum });
    l.setBlocked(fusion.output, affine(l, gradient, c.a, undefined, { sum: part }));
  }
  l.setPlain(node.outputs[1]!, l.trimVector(c.dScale, channels));
  l.setPlain(node.outputs[2]!, l.trimVector(c.dBias, channels));
  return true;
};

/**
 * dY + k·X + k₂. The kernel writes over what it adds to; where dY is read again later it would be copied first, by a single
 * thread, so that two passes are quicker.
 */
function plusAffine(
  l: Layouts,
  dy: string,
  isKept: boolean,
  [x, k, k2]: readonly [string, string, string],
): string {
  if (!isKept) return affine(l, x, k, k2, { sum: dy });
  const channels = (l.m.g.shape(x) as readonly number[])[1]!;
  const ones = l.m.g.constant(float32(new Float32Array(channels).fill(1)));
  return affine(l, dy, ones, undefined, { sum: affine(l, x, k, k2) });
}
