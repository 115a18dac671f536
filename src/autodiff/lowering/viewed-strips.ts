/**
 * Weight gradients of 3×3 convolutions of one block of channels, whose images are taken in strips of rows without being cut.
 *
 * Both the images and dY lie row after row within a block of images, so that strips are groups of the convolution as they
 * stand. A strip by itself lacks what its first and last rows of dY have to do with its neighbours' rows: for each edge
 * between two strips the rows on both sides are two images of two rows, and in their correlation the taps above and
 * below the middle are what crosses the edge.
 */
import { float32, int, int64 } from '../../onnx/graph-builder.ts';
import { staticShape } from '../arithmetic.ts';
import { type Correlation, correlated } from './blocked-correlation.ts';
import type { ConvolutionAttributes } from './convolution-attributes.ts';
import type { Layouts } from './layouts.ts';

/** Whether the rows that a tap reaches over are one above and one below, of images of one block of channels. */
export const canViewStrips = (
  a: ConvolutionAttributes,
  endRows: number,
  [blocks, outBlocks]: readonly [number, number],
): boolean =>
  blocks === 1 &&
  outBlocks === 1 &&
  a.kernel[0] === 3 &&
  a.stride[0] === 1 &&
  a.dilation[0] === 1 &&
  a.pads[0] === 1 &&
  endRows === 1;

/**
 * Taps [1, 1, 3, columns, lanes, b].
 * @param x [1, images, H, W·lanes], blocked by the images
 * @param kernel [images, b, H, W'], a group for each block of images
 */
export function viewedStrips(
  l: Layouts,
  [x, kernel]: readonly [string, string],
  strips: number,
  whole: Omit<Correlation, 'groups' | 'kernelShape' | 'pads'>,
): string {
  const { m, block } = l;
  const [, images, height, width] = staticShape(m.g.shape(x)) as [number, number, number, number];
  const kernelWidth = staticShape(m.g.shape(kernel))[3]!;
  const imageBlocks = images / block;
  /** `count` images of so many rows in place of each. */
  const taps = (rowsOfX: string, rowsOfKernel: string, count: number, rows: number): string => {
    const groups = imageBlocks * count;
    const views = [
      m.reshape(rowsOfX, [1, images * count, rows, width]),
      m.reshape(rowsOfKernel, [groups * block, block, rows, kernelWidth]),
    ] as const;
    return correlated(l, views, { ...whole, groups, kernelShape: [rows, kernelWidth], pads: [1, 1] });
  };
  const edges = Array.from({ length: strips - 1 }, (_, i) => (height / strips) * (i + 1));
  const places = m.g.constant(int64(edges.flatMap((edge) => [edge - 1, edge])));
  const besideEdges = (value: string, row: number): string =>
    m.g.op('Gather', [m.reshape(value, [imageBlocks, height, row]), places], { axis: int(1) });

  const within = taps(x, kernel, strips, height / strips);
  const across = taps(
    besideEdges(x, width * block),
    besideEdges(kernel, kernelWidth * block * block),
    edges.length,
    2,
  );
  const crossing = m.g.constant(float32(Float32Array.of(1, 0, 1), [1, 1, 3, 1, 1, 1]));
  return m.add(within, m.mul(across, crossing));
}
