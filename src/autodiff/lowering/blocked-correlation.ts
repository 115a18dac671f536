import { int, ints } from '../../onnx/graph-builder.ts';
import { staticShape } from '../arithmetic.ts';
import { blockedConvolution } from './blocked-kernel.ts';
import type { Layouts } from './layouts.ts';

/** Sizes of {@link correlated}. */
export interface Correlation {
  /** Parts of the batch that are groups of the convolution. */
  readonly groups: number;
  /** dY's channels, filled up. */
  readonly out: number;
  /** Channels of X that lie beside each other in its width. */
  readonly lanes: number;
  /** Rows and columns of the result. */
  readonly rows: number;
  readonly columns: number;
  readonly kernelShape: readonly [number, number];
  /** Of the convolution whose weight gradient this is: the dilation here. */
  readonly stride: readonly [number, number];
  /** Rows before and after. */
  readonly pads: readonly [number, number];
}

/**
 * X correlated with dY, summed over the batch: [blocks, O/b, rows, columns, lanes, b].
 * @param x blocked by the images, [blocks, images, H, W·lanes]
 * @param kernel dY as a kernel in the kernels' order, [groups·O, images/groups, H', W']
 */
export function correlated(l: Layouts, [x, kernel]: readonly [string, string], c: Correlation): string {
  const { m, block } = l;
  const blocks = staticShape(m.g.shape(x))[0]!;
  const byGroup = blockedConvolution(
    l,
    { x, w: kernel },
    [blocks, c.groups * c.out, c.rows, c.columns * c.lanes],
    {
      kernel_shape: ints(c.kernelShape),
      dilations: ints([c.stride[0], c.stride[1] * c.lanes]),
      pads: ints([c.pads[0], 0, c.pads[1], 0]),
      group: int(c.groups),
    },
  );
  const split = [blocks, c.groups, c.out / block, c.rows, c.columns, c.lanes, block];
  return m.sum(m.reshape(byGroup, split), [1], false);
}
