/**
 * The folded weight gradient (weight-gradient.ts) on blocked images, by the blocked kernels.
 *
 * A convolution over images of which the batch is the input-channel axis sums over the batch inside the product. The
 * kernels want input channels in blocks, so the images are blocked by the batch: of X, one block of channels is one batch
 * entry [N, H, W·b], in which the channels lie beside each other in the width and the taps of the result are b apart; dY,
 * [O/b, N/b, H·W, b images, b outputs], is the kernel, of which only whole blocks are moved. Padding in the width is
 * written out, since the kernels compute places that reach over the edge one by one. An X that is not blocked, as the
 * colours of a stem are not, has every channel as a batch entry: then b is 1 but for the batch and the outputs. Large
 * images are cut into strips that stand as images of their own (strips.ts), or taken in strips (viewed-strips.ts).
 */
import { int64, ints } from '../../onnx/graph-builder.ts';
import { staticShape } from '../arithmetic.ts';
import { correlated } from './blocked-correlation.ts';
import { copied } from './blocked-kernel.ts';
import type { ConvolutionAttributes } from './convolution-attributes.ts';
import { fillsWell, type Layouts, NCHWC_DOMAIN } from './layouts.ts';
import { rowsOfStrips, stripCount, viewedStripCount } from './strips.ts';
import { swappedBlocks } from './swapped-blocks.ts';
import { canViewStrips, viewedStrips } from './viewed-strips.ts';
import { foldedWeightGradient } from './weight-gradient.ts';

/** How many parts of the batch are summed apart at least, so that two threads find work in one convolution. */
const BATCH_PARTS = 2;

/** X and dY → dW [O, C, kh, kw]; one group. Channels that fill up blocks are cut away. */
export function blockedWeightGradient(
  l: Layouts,
  x: string,
  dy: string,
  weightShape: readonly number[],
  a: ConvolutionAttributes,
): string {
  const { m, block } = l;
  // Images are filled up with empty ones as channels are.
  const images = l.filled(l.shape(x)[0]!);
  if (!fillsWell(l.shape(x)[0]!, block) || !l.canBlock(dy))
    return foldedWeightGradient(m, l.plain(x), l.plain(dy), weightShape, a);
  const [kh, kw] = a.kernel;
  // Channels that lie beside each other in the width.
  const lanes = l.isBlocked(x) ? block : 1;
  const blocks = Math.ceil(weightShape[1]! / lanes);
  const out = l.filled(weightShape[0]!);
  const [, , outHeight, outWidth] = l.shape(dy) as [number, number, number, number];
  const ends = endPads(l.shape(x), [outHeight, outWidth], a);
  const size = [out, outHeight, outWidth] as const;
  const viewed =
    lanes === block && canViewStrips(a, ends[0], [blocks, out / block]) ? viewedStripCount(block, size) : 1;
  const strips = viewed === 1 ? stripCount(block, blocks, size) : 1;
  const stripHeight = outHeight / strips;
  // Strips that are cut have the rows over the edge written out.
  const pads = strips === 1 ? ([a.pads[0]!, ends[0]] as const) : ([0, 0] as const);

  const wide = widened(l, lanes === 1 ? l.plain(x) : l.blocked(x), {
    lanes,
    images,
    pads: [a.pads[1]!, ends[1]],
    zeroRow: strips > 1,
  });
  const input = byImage(
    l,
    strips === 1
      ? m.transpose(wide, [1, 0, 2, 3])
      : inStrips(l, wide, rowsOfStrips(l.shape(x)[2]!, strips, stripHeight, a)),
  );
  const [, , height, width] = staticShape(m.g.shape(input)) as [number, number, number, number];
  const rows = height + pads[0] + pads[1] - a.stride[0] * (stripHeight - 1);
  const columns = width / lanes - a.stride[1] * (outWidth - 1);
  const groups =
    viewed === 1
      ? partsOfBatch(images / block, [out / block, blocks], [kh * kw, outHeight * outWidth])
      : images / block;
  const kernel = asKernel(l, l.blocked(dy), { images, parts: groups, strips });
  const sizes = { out, lanes, rows, columns, stride: a.stride };
  let taps =
    viewed === 1
      ? correlated(l, [input, kernel], { ...sizes, groups, kernelShape: [stripHeight, outWidth], pads })
      : viewedStrips(l, [input, kernel], viewed, sizes);
  if (rows !== kh || a.dilation[0] !== 1)
    taps = m.slice(taps, 2, 0, (kh - 1) * a.dilation[0] + 1, a.dilation[0]);
  if (columns !== kw || a.dilation[1] !== 1)
    taps = m.slice(taps, 3, 0, (kw - 1) * a.dilation[1] + 1, a.dilation[1]);
  const weights = m.reshape(inPlainOrder(l, taps), [out, blocks * lanes, kh, kw]);
  const trimmed = out === weightShape[0] ? weights : m.slice(weights, 0, 0, weightShape[0]!);
  return blocks * lanes === weightShape[1] ? trimmed : m.slice(trimmed, 1, 0, weightShape[1]!);
}

/**
 * Into how many parts the batch goes, all of its blocks if they are as many: then dY's blocks of outputs need not be put
 * before those of images, but every part is a result of its own, which must not be larger than what that saves.
 */
function partsOfBatch(
  imageBlocks: number,
  [outBlocks, blocks]: readonly [number, number],
  [taps, pixels]: readonly [number, number],
): number {
  if (outBlocks > 1 && taps * blocks <= pixels) return imageBlocks;
  return imageBlocks % BATCH_PARTS === 0 ? BATCH_PARTS : 1;
}

/**
 * [blocks, O/b, kh, kw, lanes, b outputs] → [O, blocks, lanes, kh·kw]. The kernel that reorders images moves single
 * numbers several times as fast as a transpose; what is left moves whole kernels.
 */
function inPlainOrder(l: Layouts, taps: string): string {
  const { m } = l;
  const [blocks, outBlocks, kh, kw, lanes, block] = staticShape(m.g.shape(taps)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const out = outBlocks * block;
  const byOutput = l.unblocked(m.reshape(taps, [blocks, out, kh, kw * lanes]), out);
  const byLane =
    lanes === 1 ? byOutput : l.unblocked(m.reshape(byOutput, [blocks * out, lanes, kh, kw]), lanes);
  return m.transpose(m.reshape(byLane, [blocks, out, lanes, kh * kw]), [1, 0, 2, 3]);
}

/** Padding at the end of each axis as far as the kernel reaches; what the stride leaves over is not computed. */
function endPads(
  inputShape: readonly number[],
  outSize: readonly [number, number],
  a: ConvolutionAttributes,
): readonly [number, number] {
  const end = (i: 0 | 1): number => {
    const reach = a.stride[i] * (outSize[i] - 1) + a.dilation[i] * (a.kernel[i] - 1) + 1;
    return Math.max(0, reach - inputShape[i + 2]! - a.pads[i]!);
  };
  return [end(0), end(1)];
}

interface Widening {
  readonly lanes: number;
  readonly images: number;
  /** Columns before and after. */
  readonly pads: readonly [number, number];
  /** Whether each image ends with a row of zeros. */
  readonly zeroRow: boolean;
}

/** X of blocks of `lanes` channels → [images, C/lanes, H (+ 1), (W + padding)·lanes]. */
function widened(l: Layouts, x: string, { lanes, images, pads, zeroRow }: Widening): string {
  const { m } = l;
  const [n, channels, height, width] = staticShape(m.g.shape(x)) as [number, number, number, number];
  const wide = m.reshape(x, [n, channels / lanes, height, width * lanes]);
  const rows = zeroRow ? 1 : 0;
  if (lanes === 1 || images !== n || pads[0] + pads[1] + rows === 0)
    return m.pad(wide, [0, 0, 0, pads[0] * lanes], [images - n, 0, rows, pads[1] * lanes]);
  // `Pad` uses a single thread.
  const shape = [n, channels, height + rows, width + pads[0] + pads[1]];
  const padded = copied(l, x, shape, { pads: ints([0, pads[0], rows, pads[1]]) });
  return m.reshape(padded, [n, channels / lanes, shape[2]!, shape[3]! * lanes]);
}

/**
 * [images, blocks, H + 1, W] → [blocks, images·strips, rows, W]: blocks of images in the order of blocks, within one its
 * strips, within a strip the images, as `asKernel` has them.
 */
function inStrips(l: Layouts, wide: string, strips: readonly (readonly number[])[]): string {
  const { m, block } = l;
  const [images, blocks, height, width] = staticShape(m.g.shape(wide)) as [number, number, number, number];
  const rows: number[] = [];
  for (let of = 0; of < blocks; of++)
    for (let first = 0; first < images; first += block)
      for (const strip of strips)
        for (let image = first; image < first + block; image++)
          for (const row of strip) rows.push((image * blocks + of) * height + row);
  const cut = m.g.op('Gather', [
    m.reshape(wide, [images * blocks * height, width]),
    m.g.constant(int64(rows)),
  ]);
  return m.reshape(cut, [blocks, images * strips.length, strips[0]!.length, width]);
}

/** [blocks, images, H, W] blocked by the images. */
const byImage = (l: Layouts, images: string): string =>
  l.m.g.node('ReorderInput', [images], {
    domain: NCHWC_DOMAIN,
    types: [{ dtype: 'float32', shape: l.m.g.shape(images) }],
  })[0]!;

/**
 * Blocked dY as the kernel [parts·O, images·strips/parts, H/strips, W] in the kernels' order: parts of the batch are groups
 * of outputs.
 */
function asKernel(
  l: Layouts,
  dy: string,
  { images, parts, strips }: { readonly images: number; readonly parts: number; readonly strips: number },
): string {
  const { m, block } = l;
  const [n, out, height, width] = staticShape(m.g.shape(dy)) as [number, number, number, number];
  const filled = m.pad(dy, [0, 0, 0, 0], [images - n, 0, 0, 0]);
  // All of an image's blocks of outputs, strips and pixels against the images of a block.
  const swapped = swappedBlocks(l, filled, [images / block, block, (out / block) * height * width]);
  const split = m.reshape(swapped, [
    parts,
    images / block / parts,
    out / block,
    height * width * block * block,
  ]);
  const kernel = m.transpose(split, [0, 2, 1, 3]);
  return m.reshape(kernel, [parts * out, (images * strips) / parts, height / strips, width]);
}
