/** The input gradient of a convolution. */
import { int, ints } from '../../onnx/graph-builder.ts';
import { type Arithmetic, staticShape } from '../arithmetic.ts';
import type { ConvolutionAttributes } from './convolution-attributes.ts';

/**
 * W [O, C/g, kh, kw] → [C, O/g, kh, kw] with both spatial axes reversed: the kernel of the convolution that carries
 * gradients back.
 */
export function flippedWeights(m: Arithmetic, w: string, group: number): string {
  const [out, perGroup, kh, kw] = staticShape(m.g.shape(w)) as [number, number, number, number];
  const swapped =
    group === 1
      ? m.transpose(w, [1, 0, 2, 3])
      : m.reshape(m.transpose(m.reshape(w, [group, out / group, perGroup, kh, kw]), [0, 2, 1, 3, 4]), [
          group * perGroup,
          out / group,
          kh,
          kw,
        ]);
  return m.reverse(m.reverse(swapped, 2), 3);
}

/** True when the gradient is a plain convolution with the flipped weights. */
export function isPlainConvolution(a: ConvolutionAttributes): boolean {
  const fits = [0, 1].every(
    (i) =>
      a.pads[i]! <= a.dilation[i]! * (a.kernel[i]! - 1) &&
      a.pads[i + 2]! <= a.dilation[i]! * (a.kernel[i]! - 1),
  );
  return a.stride[0] === 1 && a.stride[1] === 1 && fits;
}

/** Attributes of the convolution over dY with flipped weights (stride 1). */
export function plainAttributes(a: ConvolutionAttributes): Parameters<Arithmetic['g']['op']>[2] {
  const reach = a.kernel.map((k, i) => a.dilation[i]! * (k - 1));
  return {
    kernel_shape: ints(a.kernel),
    dilations: ints(a.dilation),
    group: int(a.group),
    pads: ints(a.pads.map((p, i) => reach[i % 2]! - p)),
  };
}

/** (dY, W) → dX of the given shape: a convolution where the stride is 1, else a transposed convolution. */
export function inputGradient(
  m: Arithmetic,
  dy: string,
  w: string,
  inputShape: readonly number[],
  a: ConvolutionAttributes,
): string {
  if (isPlainConvolution(a)) return m.g.op('Conv', [dy, flippedWeights(m, w, a.group)], plainAttributes(a));
  const spatial = staticShape(m.g.shape(dy)).slice(2);
  // What the forward convolution's rounding left over at the end.
  const extra = spatial.map((size, i) => {
    const covered =
      a.stride[i]! * (size - 1) + (a.kernel[i]! - 1) * a.dilation[i]! + 1 - a.pads[i]! - a.pads[i + 2]!;
    return inputShape[i + 2]! - covered;
  });
  return m.g.op('ConvTranspose', [dy, w], {
    kernel_shape: ints(a.kernel),
    strides: ints(a.stride),
    dilations: ints(a.dilation),
    pads: ints(a.pads),
    group: int(a.group),
    output_padding: ints(extra),
  });
}
