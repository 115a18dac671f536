/** Pooling and its gradients on blocked images. */
import { float32, int, ints, str } from '../../onnx/graph-builder.ts';
import type { Attributes, OnnxNode } from '../../onnx/model.ts';
import { intAttribute, intsAttribute } from '../../onnx/shape-rules.ts';
import { staticShape } from '../arithmetic.ts';
import { blockedConvolution } from './blocked-kernel.ts';
import { convolutionAttributes } from './convolution-attributes.ts';
import type { BlockedHandler } from './handler.ts';
import { isPlainConvolution, plainAttributes } from './input-gradient.ts';
import { type Layouts, NCHWC_DOMAIN } from './layouts.ts';
import { averagingShares } from './plain.ts';
import { STEEP } from './steep.ts';

function pool(
  l: Layouts,
  op: string,
  x: string,
  shape: readonly number[],
  node: OnnxNode,
  attributes: Attributes,
): string {
  return l.m.g.node(op, [l.blocked(x)], {
    domain: NCHWC_DOMAIN,
    attributes,
    types: [{ dtype: 'float32', shape: l.blockedShape(shape) }],
    name: node.name,
  })[0]!;
}

export const globalAveragePool: BlockedHandler = (l, node) => {
  const x = node.inputs[0]!;
  if (!l.isBlocked(x)) return false;
  const output = node.outputs[0]!;
  const shape = l.shape(output);
  const pooled = pool(l, 'GlobalAveragePool', x, shape, node, {});
  l.setBlocked(output, pooled);
  // With one pixel a channel both orders are the same in memory.
  const { m } = l;
  l.setPlain(
    output,
    staticShape(m.g.shape(pooled))[1] === shape[1] ? pooled : m.slice(pooled, 1, 0, shape[1]!),
  );
  return true;
};

export const globalAveragePoolGradient: BlockedHandler = (l, node) => {
  const shape = intsAttribute(node.attributes, 'input_shape')!;
  if (shape.length !== 4 || !l.canBlock(node.outputs[0]!)) return false;
  const [n, channels, height, width] = l.blockedShape(shape) as [number, number, number, number];
  const { m, block } = l;
  const share = m.scale(l.plain(node.inputs[0]!), 1 / (height * width));
  const filled = m.pad(share, [0, 0, 0, 0], [0, channels - shape[1]!, 0, 0]);
  const spread = m.reshape(filled, [n, channels / block, 1, block]);
  const full = m.expand(spread, [n, channels / block, height * width, block]);
  l.setBlocked(node.outputs[0]!, m.reshape(full, [n, channels, height, width]));
  return true;
};

export const averagePool: BlockedHandler = (l, node) => {
  const x = node.inputs[0]!;
  const { ceil_mode: ceil, ...attributes } = node.attributes;
  if (!l.isBlocked(x) || (ceil?.type === 'int' && ceil.value === 1)) return false;
  const output = node.outputs[0]!;
  l.setBlocked(output, pool(l, 'AveragePool', x, l.shape(output), node, attributes));
  return true;
};

/** Each gradient's share, summed over the windows that an element is in: a depthwise convolution with ones. */
export const averagePoolGradient: BlockedHandler = (l, node) => {
  const { m, block } = l;
  const dy = node.inputs[0]!;
  const inputShape = intsAttribute(node.attributes, 'input_shape')!;
  const a = convolutionAttributes(node.attributes, intsAttribute(node.attributes, 'kernel_shape')!);
  if (!l.isBlocked(dy) || !isPlainConvolution(a)) return false;
  const [n, channels, height, width] = l.blockedShape(l.shape(dy)) as [number, number, number, number];
  const shares = averagingShares(node, inputShape, [height, width]);
  const wide = Float32Array.from({ length: shares.length * block }, (_, i) => shares[Math.floor(i / block)]!);
  const rows = m.reshape(l.blocked(dy), [(n * channels) / block, wide.length]);
  const shared = m.reshape(m.mul(rows, m.g.constant(float32(wide))), [n, channels, height, width]);
  const ones = new Float32Array(channels * a.kernel[0] * a.kernel[1]).fill(1);
  const dx = blockedConvolution(
    l,
    { x: shared, w: m.g.constant(float32(ones, [channels, 1, ...a.kernel])) },
    l.blockedShape(inputShape),
    { ...plainAttributes(a), group: int(channels) },
    node.name,
  );
  l.setBlocked(node.outputs[0]!, dx);
  return true;
};

/** The windows of a MaxPool when they are tiles of the whole image, else null. */
function tilesOf(attributes: Attributes, inputShape: readonly number[]): readonly [number, number] | null {
  if (inputShape.length !== 4) return null;
  const a = convolutionAttributes(attributes, intsAttribute(attributes, 'kernel_shape')!);
  const fits = ([0, 1] as const).every(
    (i) =>
      a.stride[i] === a.kernel[i] &&
      a.dilation[i] === 1 &&
      a.pads[i] === 0 &&
      a.pads[i + 2] === 0 &&
      inputShape[i + 2]! % a.kernel[i] === 0,
  );
  return fits && intAttribute(attributes, 'ceil_mode', 0) === 0 ? a.kernel : null;
}

/** The places of the maxima (the second output) are not computed; the gradient finds them again. */
export const maxPool: BlockedHandler = (l, node) => {
  const x = node.inputs[0]!;
  if (!l.isBlocked(x) || tilesOf(node.attributes, l.shape(x)) === null) return false;
  const [output, places] = node.outputs as [string, string?];
  const { dilations: _, ...attributes } = node.attributes;
  l.setBlocked(output, pool(l, 'MaxPool', x, l.shape(output), node, attributes));
  if (places) l.setMaker(places, node);
  return true;
};

/**
 * The gradient goes to the first element of each window that equals the maximum, as in the reference. Element (i, j) of
 * every window is read by a depthwise convolution whose kernel is -1 there; plus the maximum it is the distance from it,
 * and a steep hard sigmoid, in the same pass, makes the mask. What earlier elements took is not there for later ones.
 */
export const maxPoolGradient: BlockedHandler = (l, node) => {
  const { m } = l;
  const [dy, places] = node.inputs as [string, string];
  const forward = l.maker(places);
  if (forward === null) return false;
  const x = forward.inputs[0]!;
  const tiles = tilesOf(forward.attributes, l.shape(x))!;
  const [n, channels, height, width] = l.blockedShape(l.shape(dy)) as [number, number, number, number];
  const count = tiles[0] * tiles[1];
  const [input, maxima] = [l.blocked(x), l.blocked(forward.outputs[0]!)];
  const none = m.g.constant(float32(new Float32Array(channels)));
  const parts: string[] = [];
  let rest = l.blocked(dy);
  for (let at = 0; at < count - 1; at++) {
    const kernel = new Float32Array(channels * count);
    // Blocked order: for each block, each tap, its channels.
    for (let c = 0; c < channels; c++)
      kernel[Math.floor(c / l.block) * count * l.block + at * l.block + (c % l.block)] = -1;
    const mask = blockedConvolution(
      l,
      { x: input, w: m.g.constant(float32(kernel, [channels, 1, ...tiles])), bias: none, sum: maxima },
      [n, channels, height, width],
      {
        kernel_shape: ints(tiles),
        strides: ints(tiles),
        group: int(channels),
        activation: str('HardSigmoid'),
        activation_params: { type: 'floats', value: [-STEEP, 1] },
      },
    );
    const part = m.mul(rest, mask);
    parts.push(part);
    rest = m.sub(rest, part);
  }
  l.setPhased(node.outputs[0]!, { parts: [...parts, rest], strides: tiles });
  return true;
};
