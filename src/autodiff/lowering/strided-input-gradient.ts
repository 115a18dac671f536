/**
 * The input gradient of a strided convolution as convolutions of stride 1.
 *
 * Input pixels at distance `stride` from each other see the same taps of the kernel, so that they fall into stride²
 * phases, each a small convolution of dY: with x = s·a + r and padding p, dX[x] = Σ over the taps k with
 * k ≡ r + p (mod s) of dY[a + (r + p − k)/s]·W[k]. The phases are put between each other afterwards (as in sub-pixel
 * convolution, Shi et al. 2016). All of them together have as many taps as the kernel.
 */
import { int, int64, ints } from '../../onnx/graph-builder.ts';
import { staticShape } from '../arithmetic.ts';
import { blockedConvolution } from './blocked-kernel.ts';
import type { ConvolutionAttributes } from './convolution-attributes.ts';
import type { Phased } from './interleave.ts';
import { backwardBlocks, outputOrder } from './kernel-order.ts';
import type { Layouts } from './layouts.ts';

/** One phase along one axis. */
interface Axis {
  /** The tap of W at each offset into dY that is reached; -1 for none. */
  readonly taps: readonly number[];
  /** The padding that makes room for the offsets. */
  readonly begin: number;
  readonly end: number;
}

/** For each axis its phases; null for one that no tap reaches. */
type Phases = readonly [rows: readonly (Axis | null)[], columns: readonly (Axis | null)[]];

function axisPhases(a: ConvolutionAttributes, i: 0 | 1): readonly (Axis | null)[] {
  const [stride, kernel, pad] = [a.stride[i], a.kernel[i], a.pads[i]!];
  return Array.from({ length: stride }, (_, r) => {
    const tapAt = new Map<number, number>();
    for (let k = 0; k < kernel; k++) if ((r + pad - k) % stride === 0) tapAt.set((r + pad - k) / stride, k);
    if (tapAt.size === 0) return null;
    const low = Math.min(0, ...tapAt.keys());
    const high = Math.max(0, ...tapAt.keys());
    const taps = Array.from({ length: high - low + 1 }, (__, at) => tapAt.get(at + low) ?? -1);
    return { taps, begin: -low, end: high };
  });
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
  return fits ? [axisPhases(a, 0), axisPhases(a, 1)] : null;
}

/** The phases of a convolution of one group. */
export function fullPhases(l: Layouts, dy: string, w: string, split: Phases): Phased {
  const blocks = backwardBlocks(l, l.plain(w));
  const [inBlocks, outBlocks] = staticShape(l.m.g.shape(blocks)) as [number, number];
  const channels = [inBlocks * l.block, outBlocks * l.block] as const;
  return phaseByPhase(l, dy, split, { blocks, axis: 2, kernel: l.shape(w).slice(2), channels, group: 1 });
}

/** The phases of a depthwise convolution. */
export function depthwisePhases(l: Layouts, dy: string, w: string, split: Phases): Phased {
  const { m, block } = l;
  const kernel = l.shape(w).slice(2);
  const ordered = outputOrder(l, l.plain(w));
  const group = staticShape(m.g.shape(ordered))[0]!;
  const blocks = m.reshape(ordered, [group / block, kernel[0]! * kernel[1]!, block]);
  return phaseByPhase(l, dy, split, { blocks, axis: 1, kernel, channels: [group, 1], group });
}

/** Weights in the kernels' order, and how they are seen as a convolution of dY. */
interface Weights {
  readonly blocks: string;
  /** Of `blocks`, along which the taps lie. */
  readonly axis: number;
  /** Rows and columns of W. */
  readonly kernel: readonly number[];
  /** Outputs, and inputs of each group. */
  readonly channels: readonly [number, number];
  readonly group: number;
}

function phaseByPhase(l: Layouts, dy: string, [rows, columns]: Phases, w: Weights): Phased {
  const parts = rows.flatMap((row) =>
    columns.map((column) => (row === null || column === null ? null : onePhase(l, dy, [row, column], w))),
  );
  return { parts, strides: [rows.length, columns.length] };
}

function onePhase(l: Layouts, dy: string, [row, column]: readonly [Axis, Axis], w: Weights): string {
  const { m } = l;
  const size = [row.taps.length, column.taps.length] as const;
  const none = w.kernel[0]! * w.kernel[1]!;
  const places = row.taps.flatMap((r) =>
    column.taps.map((c) => (r < 0 || c < 0 ? none : r * w.kernel[1]! + c)),
  );
  const [n, , height, width] = l.shape(dy) as [number, number, number, number];
  const blocks = places.includes(none) ? withZero(l, w) : w.blocks;
  const taps = m.g.op('Gather', [blocks, m.g.constant(int64(places))], { axis: int(w.axis) });
  return blockedConvolution(
    l,
    { x: l.blocked(dy), w: m.reshape(taps, [...w.channels, ...size]) },
    [n, w.channels[0], height, width],
    {
      kernel_shape: ints(size),
      pads: ints([row.begin, column.begin, row.end, column.end]),
      group: int(w.group),
    },
  );
}

/** With one tap more, which is zero. */
function withZero({ m }: Layouts, { blocks, axis }: Weights): string {
  const ends = m.g.shape(blocks).map((_, i) => (i === axis ? 1 : 0));
  const begins = ends.map(() => 0);
  return m.pad(blocks, begins, ends);
}
