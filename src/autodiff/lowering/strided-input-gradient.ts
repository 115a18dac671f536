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
import type { ConvolutionAttributes } from './convolution-attributes.ts';
import { interleave } from './interleave.ts';
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

/** Runs a convolution of stride 1 on blocked images: input, weights [O, I, …], shape of the output, attributes. */
type Convolve = (input: string, weights: string, shape: readonly number[], attributes: Attributes) => string;

export function phaseGradient(
  l: Layouts,
  job: {
    readonly dy: string;
    readonly w: string;
    readonly inputShape: readonly number[];
    readonly split: Phases;
    readonly depthwise: boolean;
  },
  convolve: Convolve,
): string {
  const { m } = l;
  const [rows, columns] = job.split;
  const [n, channels] = job.inputShape as [number, number];
  const [, , height, width] = l.shape(job.dy) as [number, number, number, number];
  const [out, perGroup] = l.shape(job.w) as [number, number];
  const count = rows.stride * columns.stride;
  const attributes: Attributes = {
    kernel_shape: ints([rows.size, columns.size]),
    pads: ints([rows.begin, columns.begin, rows.end, columns.end]),
    dilations: ints([1, 1]),
  };
  const dy = l.blocked(job.dy);
  const gathered = gatherTaps(l, job.w, job.split);
  const split = m.reshape(gathered, [out, perGroup, rows.stride, rows.size, columns.stride, columns.size]);
  const taps = [rows.size, columns.size];
  const filled = l.filled(channels);
  let all: string;
  if (job.depthwise) {
    const byPhase = m.reshape(m.transpose(split, [2, 4, 0, 1, 3, 5]), [count, channels, 1, ...taps]);
    const parts = Array.from({ length: count }, (_, i) => {
      const weights = m.reshape(m.slice(byPhase, 0, i, i + 1), [channels, 1, ...taps]);
      return convolve(dy, weights, [n, channels, height, width], attributes);
    });
    all = m.g.op('Concat', parts, { axis: int(1) });
  } else {
    const byPhase = m.reshape(m.transpose(split, [2, 4, 1, 0, 3, 5]), [count, channels, out, ...taps]);
    // Every phase begins at a block of its own.
    const room = m.pad(byPhase, [0, 0, 0, 0, 0], [0, filled - channels, 0, 0, 0]);
    const weights = m.reshape(room, [count * filled, out, ...taps]);
    all = convolve(dy, weights, [n, count * filled, height, width], attributes);
  }
  return interleave(l, all, [rows.stride, columns.stride], [n, filled, height, width]);
}

/** W [O, I, kh, kw] → [O, I, stride·size, stride·size]: the taps of each phase at its offsets, zeros where it has none. */
function gatherTaps(l: Layouts, w: string, split: Phases): string {
  const { m } = l;
  const kernel = l.shape(w).slice(2);
  const zeroBehind = m.pad(l.plain(w), [0, 0, 0, 0], [0, 0, 1, 1]);
  return split.reduce((value, axis, i) => {
    const places = axis.taps.map((tap) => (tap === -1 ? kernel[i]! : tap));
    return m.g.op('Gather', [value, m.g.constant(int64(places))], { axis: int(i + 2) });
  }, zeroBehind);
}
