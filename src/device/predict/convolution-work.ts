/**
 * What a convolution's time may be proportional to, on the processors' kernels (MLAS, the kernels of ONNX Runtime's provider
 * `cpu`). Other runtimes have other kernels: for them these are finer measures of the same work.
 */

/** Channels in a block of the processor's convolutions (AVX-512: 16); a block that is not full takes as long. */
export const BLOCK = 16;
/** Blocks of output channels that an inner loop computes together. */
const BLOCKS_AT_ONCE = 4;
/** Outputs of a row that it computes together. */
const OUTPUTS_AT_ONCE = 6;
/** Input channels that are summed before the result is read and written again: of points, and a block of larger windows. */
const SUMMED_AT_ONCE = 128;

export const padded = (channels: number): number => BLOCK * Math.ceil(channels / BLOCK);

/** One dimension of a convolution. */
export interface Extent {
  readonly input: number;
  readonly output: number;
  readonly window: number;
  readonly stride: number;
  readonly dilation: number;
  /** Zeros before the first place. */
  readonly before: number;
}

export interface Convolution {
  /** Numbers of the input and of the weights. */
  readonly input: number;
  readonly weights: number;
  /** Input channels that one output sums over. */
  readonly channels: number;
  readonly outputChannels: number;
  readonly positions: number;
  readonly high: Extent;
  readonly wide: Extent;
  readonly depthwise: boolean;
  /** Input channels come in whole blocks; without, there are none that are not full. */
  readonly blocked: boolean;
}

export const FLOAT_CONVOLUTION = [
  ...['calls', 'input', 'weights', 'output', 'macs'],
  // Steps of the inner loop on six outputs, by how many blocks of output channels it computes: with few it waits for its own sums.
  ...['steps of 1', 'steps of 2', 'steps of 3', 'steps of 4'],
  // What is left of a row is computed by twos and one by one, and so is where the window hangs over the edge.
  ...['rest', 'steps of the rest', 'edges', 'steps of the edges'],
  // Results that are read and written again, once for every few input channels.
  'sums',
];

/** Steps are multiplications of a vector of 16 by a number. */
export function floatConvolution(convolution: Convolution): number[] {
  const { input, weights, channels, outputChannels, positions, high, wide, depthwise, blocked } = convolution;
  const summed = blocked ? padded(channels) : channels;
  const blocks = padded(outputChannels) / BLOCK;
  // An image's points are one row.
  const points = high.window * wide.window === 1 && wide.stride === 1;
  const rows = points ? 1 : tapsOf(high).all;
  const { inside, edges } = points ? { inside: positions, edges: 0 } : tapsOf(wide);
  const steps = summed * rows;
  const six = steps * wide.window * Math.floor(inside / OUTPUTS_AT_ONCE);
  const rest = steps * wide.window * (inside % OUTPUTS_AT_ONCE);
  const over = steps * edges;
  const together = depthwise ? 1 : BLOCKS_AT_ONCE;
  const left = blocks % together;
  const sets = (blocks - left) / together;
  const stepsOf = (count: number): number => six * (count === together ? sets : count === left ? 1 : 0);
  const passes = sets + (left > 0 ? 1 : 0);
  const times = Math.ceil(summed / (points ? SUMMED_AT_ONCE : BLOCK));
  const output = blocks * BLOCK * positions;
  return [
    ...[1, input, weights, output, blocks * BLOCK * steps * (wide.window * inside + edges)],
    ...[stepsOf(1), stepsOf(2), stepsOf(3), stepsOf(4)],
    ...[blocks * rest, passes * rest, blocks * over, passes * over],
    blocked ? (times - 1) * output : 0,
  ];
}

interface Taps {
  /** Weights that meet a place inside, summed over all outputs. */
  readonly all: number;
  /** Outputs of which all do. */
  readonly inside: number;
  /** Those weights of the other outputs. */
  readonly edges: number;
}

function tapsOf({ input, output, window, stride, dilation, before }: Extent): Taps {
  let inside = 0;
  let edges = 0;
  for (let o = 0; o < output; o++) {
    const from = o * stride - before;
    const first = Math.max(0, Math.ceil(-from / dilation));
    const last = Math.min(window - 1, Math.floor((input - 1 - from) / dilation));
    const taps = Math.max(0, last - first + 1);
    if (taps === window) inside++;
    else edges += taps;
  }
  return { all: window * inside + edges, inside, edges };
}

export const INTEGER_CONVOLUTION = [
  ...['calls', 'input', 'weights', 'output', 'macs'],
  ...['windows', 'gathered', 'positions'],
];

/** Channels last: windows are gathered, then multiplied as matrices (QLinearConv). */
export function integerConvolution(convolution: Convolution): number[] {
  const { input, weights, channels, outputChannels, positions, high, wide } = convolution;
  const window = high.window * wide.window;
  const gathered = window * channels * positions;
  return [
    ...[1, input, weights, outputChannels * positions, padded(outputChannels) * gathered],
    ...[window * positions, gathered, positions],
  ];
}
