/** Enlarging by whole factors, every pixel copied to a tile, and its gradient on blocked images. */
import { float32, int, ints, str } from '../../onnx/graph-builder.ts';
import { intsAttribute } from '../../onnx/shape-rules.ts';
import { staticShape } from '../arithmetic.ts';
import { nearestTiles } from '../rules/resize.ts';
import { blockedConvolution } from './blocked-kernel.ts';
import type { BlockedHandler } from './handler.ts';
import { NCHWC_DOMAIN } from './layouts.ts';

export const resize: BlockedHandler = (l, node) => {
  const [x, output] = [node.inputs[0]!, node.outputs[0]!];
  if (!l.isBlocked(x)) return false;
  const scales = node.inputs[2] ? l.m.g.tensor(l.plain(node.inputs[2])) : null;
  const tiles = nearestTiles(node.attributes, l.shape(x), l.shape(output), scales);
  if (tiles === null) return false;
  const enlarged = l.m.g.node('Upsample', [l.blocked(x)], {
    domain: NCHWC_DOMAIN,
    attributes: {
      scales: ints([1, 1, ...tiles]),
      mode: str('nearest'),
      coordinate_transformation_mode: str('asymmetric'),
    },
    types: [{ dtype: 'float32', shape: l.blockedShape(l.shape(output)) }],
    name: node.name,
  })[0]!;
  l.setBlocked(output, enlarged);
  return true;
};

/** The sum over each tile: a depthwise convolution with ones. */
export const upsampleGradient: BlockedHandler = (l, node) => {
  const [dy, output] = [node.inputs[0]!, node.outputs[0]!];
  if (!l.isBlocked(dy)) return false;
  const gradient = l.blocked(dy);
  const channels = staticShape(l.m.g.shape(gradient))[1]!;
  const scales = intsAttribute(node.attributes, 'scales')! as readonly [number, number];
  const ones = new Float32Array(channels * scales[0] * scales[1]).fill(1);
  const w = l.m.g.constant(float32(ones, [channels, 1, ...scales]));
  const attributes = { kernel_shape: ints(scales), strides: ints(scales), group: int(channels) };
  const shape = l.blockedShape(l.shape(output));
  l.setBlocked(output, blockedConvolution(l, { x: gradient, w }, shape, attributes, node.name));
  return true;
};
