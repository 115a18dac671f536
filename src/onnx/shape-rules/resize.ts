/** Resize. */
import { stringAttribute } from '../attributes.ts';
import { fixed, input, integers, problem, type ShapeRule } from './context.ts';

const resize: ShapeRule = (c) => {
  const x = input(c, 0);
  if (stringAttribute(c.attributes, 'keep_aspect_ratio_policy', 'stretch') !== 'stretch')
    problem(c, 'its aspect ratio can only be kept where no size is rounded');
  if (c.inputs[3]) {
    const sizes = integers(c, 3);
    return [
      {
        dtype: x.dtype,
        shape: x.shape.map((d, i) => (typeof d === 'string' && sizes[i] === -1 ? d : sizes[i]!)),
      },
    ];
  }
  const scales = c.constant(2) ?? problem(c, 'neither scales nor sizes are constant');
  return [
    {
      dtype: x.dtype,
      shape: x.shape.map((d, i) => {
        const scale = Number(scales.data[i]);
        return scale === 1 ? d : Math.floor(fixed(c, d, 'resized axis') * scale);
      }),
    },
  ];
};

export const RESIZE_RULES: Readonly<Record<string, ShapeRule>> = { Resize: resize };
