/** A trained network in float and in 8 bits beside each other, as texts. */
import type { Int8Figures, Winner } from './data.ts';
import { formatBytes, formatMilliseconds, formatPercent } from './format.ts';

type Interval = readonly [number, number] | null | undefined;

export interface PrecisionRow {
  readonly label: string;
  readonly float: string;
  /** Empty where there is no model in 8 bits. */
  readonly int8: string;
  /** What 8 bits change. */
  readonly change: string;
}

const percentSpan = (interval: Interval): string =>
  interval ? ` (${(100 * interval[0]).toFixed(2)} to ${(100 * interval[1]).toFixed(2)})` : '';
const short = (value: number): string => String(Number(value.toPrecision(3)));

type SpeedUp = NonNullable<Int8Figures['speedUp']>;

/** An interval that is wider, as a share of the ratio, does not bear a single figure: the machine was busy. */
const VAGUE = 0.2;
const isVague = ({ ratio, low, high }: SpeedUp): boolean => high - low > VAGUE * ratio;

/** `1.82 times as fast as float (1.79 to 1.85)`; of figures that say little `between 0.81 and 2.05 times as fast as float`. */
export const speedUpText = (speedUp: SpeedUp): string => {
  const [ratio, low, high] = [speedUp.ratio, speedUp.low, speedUp.high].map((value) => value.toFixed(2));
  return isVague(speedUp)
    ? `between ${low} and ${high} times as fast as float`
    : `${ratio} times as fast as float (${low} to ${high})`;
};

/** `1.82`, or `0.81–2.05`. */
export const speedUpShort = (speedUp: SpeedUp): string =>
  isVague(speedUp) ? `${speedUp.low.toFixed(2)}–${speedUp.high.toFixed(2)}` : speedUp.ratio.toFixed(2);

const points = (float: number | undefined, int8: number | undefined): string => {
  if (float === undefined || int8 === undefined) return '';
  const moved = 100 * (int8 - float);
  return `${moved > 0 ? '+' : ''}${moved.toFixed(2)} points`;
};

/** Intervals are of 95 %. */
export function precisionRows({ measures, valInterval, test, int8 }: Winner): PrecisionRow[] {
  const accuracy = (value: number | undefined, interval: Interval): string =>
    value === undefined ? '' : `${formatPercent(value)}${percentSpan(interval)}`;
  const latency = (value: number | undefined, low: number | undefined, high: number | undefined): string =>
    value === undefined
      ? ''
      : `${formatMilliseconds(value)}${low === undefined || high === undefined ? '' : ` (${short(low)} to ${short(high)})`}`;
  const size = (value: number | undefined): string => (value === undefined ? '' : formatBytes(value));
  const { sizeBytes, int8SizeBytes } = measures;
  return [
    {
      label: 'validation accuracy',
      float: accuracy(measures.valAccuracy, valInterval),
      int8: accuracy(measures.int8ValAccuracy, int8?.valInterval),
      change: points(measures.valAccuracy, measures.int8ValAccuracy),
    },
    {
      label: 'test accuracy',
      float: accuracy(test?.accuracy, test?.interval),
      int8: accuracy(measures.int8TestAccuracy, int8?.testInterval),
      change: points(test?.accuracy, measures.int8TestAccuracy),
    },
    {
      label: 'latency of an image',
      float: latency(measures.latencyMs, measures.latencyLowMs, measures.latencyHighMs),
      int8: latency(measures.int8LatencyMs, int8?.latency.lowMs, int8?.latency.highMs),
      change: int8?.speedUp ? speedUpText(int8.speedUp) : '',
    },
    {
      label: 'file',
      float: size(sizeBytes),
      int8: size(int8SizeBytes),
      change:
        sizeBytes === undefined || int8SizeBytes === undefined
          ? ''
          : `${(sizeBytes / int8SizeBytes).toFixed(1)} times smaller`,
    },
  ].filter(({ float, int8: quantised }) => float !== '' || quantised !== '');
}
