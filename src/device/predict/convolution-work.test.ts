import { expect, test } from 'vitest';
import { createRandom } from '../../random.ts';
import {
  type Convolution,
  type Extent,
  FLOAT_CONVOLUTION,
  floatConvolution,
  INTEGER_CONVOLUTION,
  integerConvolution,
} from './convolution-work.ts';

const named = (sorts: readonly string[], amounts: readonly number[]): Record<string, number> => {
  expect(amounts).toHaveLength(sorts.length);
  return Object.fromEntries(sorts.map((sort, i) => [sort, amounts[i]!]));
};

const extentOf = (
  input: number,
  window: number,
  stride: number,
  dilation: number,
  padding: number,
): Extent => ({
  ...{ input, window, stride, dilation, before: padding },
  output: Math.floor((input + 2 * padding - dilation * (window - 1) - 1) / stride) + 1,
});

/** Of each output, the weights that meet a place inside. */
const taps = ({ input, output, window, stride, dilation, before }: Extent): number[] =>
  Array.from(
    { length: output },
    (_, o) =>
      Array.from({ length: window }, (__, k) => o * stride - before + k * dilation).filter(
        (place) => place >= 0 && place < input,
      ).length,
  );
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

test('the steps of a convolution are those that a count of every weight at every place finds', () => {
  const random = createRandom('convolutions');
  for (let i = 0; i < 300; i++) {
    const side = (): Extent => {
      const window = random.pick([1, 2, 3, 5, 7]);
      return extentOf(7 + random.int(30), window, 1 + random.int(3), 1 + random.int(2), random.int(window));
    };
    const [high, wide] = [side(), side()];
    const depthwise = random.next() < 0.3;
    const [channels, outputChannels] = [depthwise ? 1 : 1 + random.int(70), 1 + random.int(200)];
    const blocked = !depthwise && channels >= 16;
    const positions = high.output * wide.output;
    const convolution: Convolution = {
      ...{ input: 1000, weights: 2000, channels, outputChannels, positions, high, wide, depthwise, blocked },
    };
    const work = named(FLOAT_CONVOLUTION, floatConvolution(convolution));
    const blocks = Math.ceil(outputChannels / 16);
    const summed = blocked ? 16 * Math.ceil(channels / 16) : channels;
    const macs = 16 * blocks * summed * sum(taps(high)) * sum(taps(wide));
    expect(work.macs).toBe(macs);
    const sixes = sum([1, 2, 3, 4].map((k) => k * work[`steps of ${k}`]!));
    expect(16 * (6 * sixes + work.rest! + work.edges!)).toBe(macs);
    const points = high.window * wide.window === 1 && wide.stride === 1;
    const whole = taps(wide).filter((t) => t === wide.window).length;
    const over = sum(taps(wide)) - whole * wide.window;
    expect(work.edges).toBe(points ? 0 : blocks * summed * sum(taps(high)) * over);
    const passes = depthwise ? blocks : Math.ceil(blocks / 4);
    expect(work['steps of the edges']! * blocks).toBe(work.edges! * passes);
    expect(work['steps of the rest']! * blocks).toBe(work.rest! * passes);
    expect(work.output).toBe(16 * blocks * positions);
  }
});

test('blocks of output channels are computed by fours, and what is left together', () => {
  const side = extentOf(12, 3, 1, 1, 0);
  const steps = (outputChannels: number, depthwise = false): number[] => {
    const convolution = {
      ...{ input: 1, weights: 1, channels: depthwise ? 1 : 16, outputChannels, positions: 100 },
      ...{ high: side, wide: side, depthwise, blocked: !depthwise },
    };
    const work = named(FLOAT_CONVOLUTION, floatConvolution(convolution));
    return [1, 2, 3, 4].map((k) => work[`steps of ${k}`]!);
  };
  // Ten outputs in a row: six at once, and four are left.
  const each = 16 * 30 * 3;
  expect(steps(16)).toEqual([each, 0, 0, 0]);
  expect(steps(48)).toEqual([0, 0, each, 0]);
  expect(steps(64)).toEqual([0, 0, 0, each]);
  expect(steps(144)).toEqual([each, 0, 0, 2 * each]);
  expect(steps(64, true)).toEqual([(4 * each) / 16, 0, 0, 0]);
});

test('in integers windows are gathered at every position', () => {
  const side = extentOf(8, 3, 1, 1, 1);
  const work = named(
    INTEGER_CONVOLUTION,
    integerConvolution({
      ...{ input: 5 * 64, weights: 5 * 9 * 20, channels: 5, outputChannels: 20, positions: 64 },
      ...{ high: side, wide: side, depthwise: false, blocked: true },
    }),
  );
  expect(work).toEqual({
    ...{ calls: 1, input: 320, weights: 900, output: 20 * 64, macs: 32 * 9 * 5 * 64 },
    ...{ windows: 9 * 64, gathered: 9 * 5 * 64, positions: 64 },
  });
});
