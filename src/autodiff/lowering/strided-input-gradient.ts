/**
 * The input gradient of a strided convolution as a convolution of stride 1.
 *
 * Input pixels at distance `stride` from each other see the same taps of the kernel, so that they fall into stride²
 * phases, each a small convolution of dY: with x = s·a + r and padding p, dX[x] = Σ over the taps k with
 * k ≡ r + p (mod s) of dY[a + (r + p − k)/s]·W[k]. The phases of one convolution are computed as one of stride² times as
 * many output channels, then put between each other (as in sub-pixel convolution, Shi et al. 2016).
 */
import { int, int64, ints } from '../../onnx/graph-builder.ts';
import type { Attributes } from '../../onnx/model.ts';
import { staticShape } from '../arithmetic.ts';
import { blockedConvolution } from './blocked-kernel.ts';
import type { ConvolutionAttributes } from './convolution-attributes.ts';
import { backwardBlocks, outputOrder } from './kernel-order.ts';
import type { Layouts } from './layouts.ts';

/** One axis of a strided convolution, seen from its input. */
interface Axis {
  readonly stride: number;
  /** Which tap of W each phase has at each offset, stride × size; -1 for none. */
  readonly taps: readonly number[];
  /** Offsets into dY that the phases reach, and the padding that makes room for them. */
  readonly size: number;
  readonly begin: number;
  readonly end: number;
}

export type Phases = readonly [Axis, Axis];

function axisOf(a: ConvolutionAttributes, i: 0 | 1): Axis {
  const [stride, kernel, pad] = [a.stride[i], a.kernel[i], a.pads[i]!];
  const offsets = Array.from({ length: stride }, (_, r) =>
    Array.from({ length: kernel }, (_, k) => (r + pad - k) / stride).map((d) =>
      Number.isInteger(d) ? d : null,
    ),
  );
  const reached = offsets.flat().filter((d) => d !== null);
  const low = Math.min(0, ...reached);
  const high = Math.max(0, ...reached);
  const size = high - low + 1;
  const taps = offsets.flatMap((row) => Array.from({ length: size }, (_, at) => row.indexOf(at + low)));
  return { stride, taps, size, begin: -low, end: high };
}

/** Null where the input is not of a whole number of strides, or the kernel is dilated. */
export function phases(
  a: ConvolutionAttributes,
  inputShape: readonly number[],
  outputShape: readonly number[],
): Phases | null {
  const fits = ([0, 1] as const).every(
    (i) => a.dilation[i] === 1 && inputShape[i + 2] === outputShape[i + 2]! * a.stride[i],
  );
  return fits ? [axisOf(a, 0), axisOf(a, 1)] : null;
}

/** The attributes of the convolution of stride 1 that computes the phases. */
const phaseAttributes = ([rows, columns]: Phases, group: number): Attributes => ({
  kernel_shape: ints([rows.size, columns.size]),
  pads: ints([rows.begin, columns.begin, rows.end, columns.end]),
  group: int(group),
});

/**
 * Which tap of a kernel of `width` columns each phase has at each offset, phase by phase: [stride² · rows · columns].
 * A phase that has none takes the tap behind the last, which is zero.
 */
function tapPlaces([rows, columns]: Phases, kernel: readonly number[]): readonly number[] {
  const none = kernel[0]! * kernel[1]!;
  const places: number[] = [];
  for (let r = 0; r < rows.stride; r++)
    for (let c = 0; c < columns.stride; c++)
      for (let i = 0; i < rows.size; i++)
        for (let j = 0; j < columns.size; j++) {
          const row = rows.taps[r * rows.size + i]!;
          const column = columns.taps[c * columns.size + j]!;
          places.push(row < 0 || column < 0 ? none : row * kernel[1]! + column);
        }
  return places;
}

/** All phases by one convolution with stride² times as many output channels. */
export function fullPhases(l: Layouts, dy: string, w: string, split: Phases): string {
  const { m, block } = l;
  const [rows, columns] = split;
  const blocks = backwardBlocks(l, l.plain(w));
  const [inBlocks, outBlocks] = staticShape(m.g.shape(blocks)) as [number, number];
  const padded = m.pad(blocks, [0, 0, 0, 0, 0], [0, 0, 1, 0, 0]);
  const places = m.g.constant(int64(tapPlaces(split, l.shape(w).slice(2))));
  const gathered = m.g.op('Gather', [padded, places], { axis: int(2) });
  const count = rows.stride * columns.stride;
  const size = rows.size * columns.size;
  const byPhase = m.reshape(gathered, [inBlocks, outBlocks, count, size * block * block]);
  const weights = m.reshape(m.transpose(byPhase, [2, 0, 1, 3]), [
    count * inBlocks * block,
    outBlocks * block,
    rows.size,
    columns.size,
  ]);
  return run(l, dy, weights, split, 1);
}

/** A depthwise convolution for each phase: these kernels have as many outputs as inputs. */
export function depthwisePhases(l: Layouts, dy: string, w: string, split: Phases): string {
  const { m, block } = l;
  const [rows, columns] = split;
  const kernel = l.shape(w).slice(2);
  const ordered = outputOrder(l, l.plain(w));
  const channels = staticShape(m.g.shape(ordered))[0]!;
  const taps = m.reshape(ordered, [channels / block, kernel[0]! * kernel[1]!, block]);
  const padded = m.pad(taps, [0, 0, 0], [0, 1, 0]);
  const places = tapPlaces(split, kernel);
  const size = rows.size * columns.size;
  const parts = Array.from({ length: rows.stride * columns.stride }, (_, i) => {
    const own = m.g.constant(int64(places.slice(i * size, (i + 1) * size)));
    const weights = m.g.op('Gather', [padded, own], { axis: int(1) });
    return run(l, dy, m.reshape(weights, [channels, 1, rows.size, columns.size]), split, channels);
  });
  return m.g.op('Concat', parts, { axis: int(1) });
}

function run(l: Layouts, dy: string, weights: string, split: Phases, group: number): string {
  const out = staticShape(l.m.g.shape(weights))[0]!;
  const [n, , height, width] = l.shape(dy) as [number, number, number, number];
  const input = { x: l.blocked(dy), w: weights };
  return blockedConvolution(l, input, [n, out, height, width], phaseAttributes(split, group));
}
