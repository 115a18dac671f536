/** The blocked convolution kernel of ONNX Runtime as a graph node. */
import { float32, int, ints } from '../../onnx/graph-builder.ts';
import type { Attributes } from '../../onnx/model.ts';
import { type Layouts, NCHWC_DOMAIN } from './layouts.ts';

export interface KernelInputs {
  /** Blocked images (or plain ones of fewer channels than a block). */
  readonly x: string;
  /** Weights in the kernels' order. */
  readonly w: string;
  readonly bias?: string | undefined;
  /** Blocked, of the output's shape: added before the activation. */
  readonly sum?: string | undefined;
}

/** @param outShape with filled-up channels */
export function blockedConvolution(
  l: Layouts,
  { x, w, bias, sum }: KernelInputs,
  outShape: readonly number[],
  attributes: Attributes,
  name?: string,
): string {
  const list = [x, w, bias ?? '', sum ?? ''];
  while (list.at(-1) === '') list.pop();
  return l.m.g.node('Conv', list, {
    domain: NCHWC_DOMAIN,
    attributes,
    types: [{ dtype: 'float32', shape: outShape }],
    ...(name !== undefined && { name }),
  })[0]!;
}

/** scale·x + shift (+ sum, activated) per channel, in one pass: a depthwise 1×1 convolution. */
export function affine(
  l: Layouts,
  x: string,
  scale: string,
  shift: string | undefined,
  extra: { readonly sum?: string | undefined; readonly activation?: Attributes; readonly name?: string } = {},
): string {
  const shape = l.m.g.shape(x) as readonly number[];
  const channels = shape[1]!;
  const w = l.m.reshape(scale, [channels, 1, 1, 1]);
  const attributes: Attributes = {
    kernel_shape: ints([1, 1]),
    group: int(channels),
    ...extra.activation,
  };
  const bias =
    shift ?? (extra.sum === undefined ? undefined : l.m.g.constant(float32(new Float32Array(channels))));
  return blockedConvolution(l, { x, w, bias, sum: extra.sum }, shape, attributes, extra.name);
}

/** x as it is, padded or every so many pixels of it, by all threads: a depthwise 1×1 convolution with ones. */
export function copied(l: Layouts, x: string, shape: readonly number[], window: Attributes): string {
  const channels = shape[1]!;
  const w = l.m.g.constant(float32(new Float32Array(channels).fill(1), [channels, 1, 1, 1]));
  const attributes = { kernel_shape: ints([1, 1]), group: int(channels), ...window };
  return blockedConvolution(l, { x, w }, shape, attributes);
}
