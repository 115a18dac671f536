/** ONNX Runtime's kernels that put images in blocks of channels and back (`com.microsoft.nchwc`). */
import { intAttribute } from '../attributes.ts';
import { fixed, input, type ShapeRule } from './context.ts';

/** Multiples of it are multiples of the block, which depends on the processor. */
const LARGEST_BLOCK = 16;

/** Declared as [N, C, H, W]. Of channels that do not fill their blocks nothing is known. */
const reorderInput: ShapeRule = (c) => {
  const { dtype, shape } = input(c, 0);
  const [n, second, third, fourth] = shape.map((d) => fixed(c, d, 'the shape'));
  const isLast = intAttribute(c.attributes, 'channels_last', 0) === 1;
  const [channels, rows, columns] = isLast ? [fourth!, second!, third!] : [second!, third!, fourth!];
  return channels % LARGEST_BLOCK === 0 ? [{ dtype, shape: [n!, channels, rows, columns] }] : [];
};

const reorderOutput: ShapeRule = (c) => {
  const { dtype, shape } = input(c, 0);
  const [n, filled, rows, columns] = shape.map((d) => fixed(c, d, 'the shape'));
  const channels = intAttribute(c.attributes, 'channels', filled!);
  const isLast = intAttribute(c.attributes, 'channels_last', 0) === 1;
  return [{ dtype, shape: isLast ? [n!, rows!, columns!, channels] : [n!, channels, rows!, columns!] }];
};

export const BLOCKED_RULES: Readonly<Record<string, ShapeRule>> = {
  ReorderInput: reorderInput,
  ReorderOutput: reorderOutput,
};
