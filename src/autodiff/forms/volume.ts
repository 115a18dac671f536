/**
 * Convolutions and pools over volumes [N, C, D, H, W], written as those over images, which have fast kernels and
 * gradients: slices of depth become images of the batch, and the depth of a kernel becomes channels of it.
 */
import { ints } from '../../onnx/graph-builder.ts';
import type { Attributes, OnnxNode } from '../../onnx/model.ts';
import { intAttribute, intsAttribute } from '../../onnx/shape-rules.ts';
import { type Arithmetic, staticShape } from '../arithmetic.ts';
import { alias, type Form } from './form.ts';

type Volume = readonly [number, number, number, number, number];

/** Attributes with a number for each axis; of pads there are two. */
const PER_AXIS = ['kernel_shape', 'strides', 'dilations', 'pads', 'output_padding'] as const;

/** The attributes with those numbers of each axis that `take` leaves, and `neutral` ones for an axis added behind. */
function split(attributes: Attributes, take: 'depth' | 'plane'): Attributes {
  const result: Record<string, Attributes[string]> = { ...attributes };
  for (const name of PER_AXIS) {
    const list = intsAttribute(attributes, name);
    if (!list) continue;
    const neutral = name === 'pads' || name === 'output_padding' ? 0 : 1;
    const sides = name === 'pads' ? [list.slice(0, 3), list.slice(3)] : [list];
    result[name] = ints(sides.flatMap((side) => (take === 'plane' ? side.slice(1) : [side[0]!, neutral])));
  }
  return result;
}

/** Stride, dilation, padding before and after, and extra length, along depth. */
function alongDepth({ attributes }: OnnxNode) {
  const pads = intsAttribute(attributes, 'pads') ?? [0, 0, 0, 0, 0, 0];
  return {
    stride: intsAttribute(attributes, 'strides')?.[0] ?? 1,
    dilation: intsAttribute(attributes, 'dilations')?.[0] ?? 1,
    before: pads[0]!,
    after: pads[3]!,
    extra: intsAttribute(attributes, 'output_padding')?.[0] ?? 0,
  };
}

const volume = (m: Arithmetic, value: string): Volume => staticShape(m.g.shape(value)) as unknown as Volume;

/** One tensor of several along a new axis 2. */
function stacked(m: Arithmetic, parts: readonly string[]): string {
  const [n, c, ...rest] = staticShape(m.g.shape(parts[0]!));
  const apart = parts.map((part) => m.reshape(part, [n!, c!, 1, ...rest]));
  return apart.length === 1 ? apart[0]! : m.g.op('Concat', apart, { axis: { type: 'int', value: 2 } });
}

/** Each output slice is an image whose channels are those of all slices that the kernel reaches. */
export const volumeConvolution =
  (form: Form): Form =>
  (c, node) => {
    const { m } = c;
    const [x, w, ...bias] = node.inputs as [string, string, string?];
    const [n, channels, depth, height, width] = volume(m, x);
    const [outputs, perGroup, reach, ...kernel] = volume(m, w);
    const { stride, dilation, before, after } = alongDepth(node);
    const padded = m.pad(x, [0, 0, before, 0, 0], [0, 0, after, 0, 0]);
    const count = Math.floor((depth + before + after - dilation * (reach - 1) - 1) / stride) + 1;
    const slices = Array.from({ length: reach }, (_, i) =>
      m.slice(padded, 2, i * dilation, i * dilation + (count - 1) * stride + 1, stride),
    );
    const images = m.reshape(m.transpose(stacked(m, slices), [0, 3, 1, 2, 4, 5]), [
      n * count,
      channels * reach,
      height,
      width,
    ]);
    const output = `${node.outputs[0]}/images`;
    const inputs = [images, m.reshape(w, [outputs, perGroup * reach, ...kernel]), ...(bias as string[])];
    form(c, { ...node, inputs, outputs: [output], attributes: split(node.attributes, 'plane') });
    const [, , high, wide] = staticShape(m.g.shape(output));
    const apart = m.reshape(output, [n, count, outputs, high!, wide!]);
    alias(m.g, m.transpose(apart, [0, 2, 1, 3, 4]), node);
  };

/** Each input slice gives an image for each slice of the kernel; they are added up where they belong. */
export const transposedVolumeConvolution =
  (form: Form): Form =>
  (c, node) => {
    const { m } = c;
    const [x, w, bias] = node.inputs as [string, string, string?];
    const [n, channels, depth, height, width] = volume(m, x);
    const [, perGroup, reach, ...kernel] = volume(m, w);
    const outputs = perGroup * intAttribute(node.attributes, 'group', 1);
    const images = m.reshape(m.transpose(x, [0, 2, 1, 3, 4]), [n * depth, channels, height, width]);
    const output = `${node.outputs[0]}/images`;
    const inputs = [images, m.reshape(w, [channels, perGroup * reach, ...kernel])];
    form(c, { ...node, inputs, outputs: [output], attributes: split(node.attributes, 'plane') });
    const [, , high, wide] = staticShape(m.g.shape(output)) as [number, number, number, number];
    const apart = m.reshape(output, [n, depth, outputs, reach, high, wide]);

    const { stride, dilation, before, after, extra } = alongDepth(node);
    const size = (depth - 1) * stride + dilation * (reach - 1) + 1 - before - after + extra;
    const whole = Math.max(depth * stride + dilation * (reach - 1), before + size);
    const parts = Array.from({ length: reach }, (_, i) => {
      const part = m.reshape(m.transpose(m.slice(apart, 3, i, i + 1), [0, 2, 1, 3, 4, 5]), [
        n,
        outputs,
        depth,
        1,
        high,
        wide,
      ]);
      const spread = m.reshape(m.pad(part, [0, 0, 0, 0, 0, 0], [0, 0, 0, stride - 1, 0, 0]), [
        n,
        outputs,
        depth * stride,
        high,
        wide,
      ]);
      const place = i * dilation;
      return m.pad(spread, [0, 0, place, 0, 0], [0, 0, whole - place - depth * stride, 0, 0]);
    });
    const sum = m.slice(
      parts.reduce((a, b) => m.add(a, b)),
      2,
      before,
      before + size,
    );
    alias(m.g, bias ? m.add(sum, m.reshape(bias, [outputs, 1, 1, 1])) : sum, node);
  };

/** The plane first, then depth: the largest of the largest, and means of means over windows that are boxes. */
export const volumePool =
  (form: Form): Form =>
  (c, node) => {
    const { m } = c;
    const [n, channels, depth, height, width] = volume(m, node.inputs[0]!);
    const pooled = (image: string, take: 'depth' | 'plane'): string => {
      const output = `${node.outputs[0]}/${take}`;
      const attributes = split(node.attributes, take);
      form(c, { ...node, name: `${node.name}/${take}`, inputs: [image], outputs: [output], attributes });
      return output;
    };
    const planes = pooled(m.reshape(node.inputs[0]!, [n, channels * depth, height, width]), 'plane');
    const [, , high, wide] = staticShape(m.g.shape(planes)) as [number, number, number, number];
    const columns = pooled(m.reshape(planes, [n, channels, depth, high * wide]), 'depth');
    const count = staticShape(m.g.shape(columns))[2]!;
    alias(m.g, m.reshape(columns, [n, channels, count, high, wide]), node);
  };
