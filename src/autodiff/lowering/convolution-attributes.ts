/** The attributes of a two-dimensional Conv, with the standard's defaults filled in. */
import type { Attributes } from '../../onnx/model.ts';
import { intAttribute, intsAttribute } from '../../onnx/shape-rules.ts';

export interface ConvolutionAttributes {
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  /** top, left, bottom, right */
  readonly pads: readonly [number, number, number, number];
  readonly group: number;
}

export function convolutionAttributes(
  attributes: Attributes,
  kernel: readonly number[],
): ConvolutionAttributes {
  const pair = (name: string): readonly [number, number] => {
    const found = intsAttribute(attributes, name);
    return found ? [found[0]!, found[1]!] : [1, 1];
  };
  const pads = intsAttribute(attributes, 'pads') ?? [0, 0, 0, 0];
  return {
    kernel: [kernel[0]!, kernel[1]!],
    stride: pair('strides'),
    dilation: pair('dilations'),
    pads: [pads[0]!, pads[1]!, pads[2]!, pads[3]!],
    group: intAttribute(attributes, 'group', 1),
  };
}
