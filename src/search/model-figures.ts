/** Accuracy and latency of a model as its file tells them. */
import type { ImageDataset, Normalisation } from '../data/dataset.ts';
import { describeMachine } from '../device/machine.ts';
import { measureLatency } from '../device/measure-latency.ts';
import type { Tensor } from '../onnx/model.ts';
import type { LatencyComparison } from '../quantisation/compare-latency.ts';
import { wilsonInterval } from '../task/classification-metrics.ts';
import { engineName } from './engine-name.ts';
import type { AccuracyEntry, LatencyEntry, Preprocessing, QuantisationEntry } from './model-metadata.ts';

/** 95 % (Wilson 1927). */
export function accuracyInterval(accuracy: number, count: number): [number, number] {
  const [low, high] = wilsonInterval(Math.round(accuracy * count), count);
  return [low, high];
}

/** @param test null where there are no test images */
export function accuracyEntry(
  { val: valSplit, test: testSplit }: Pick<ImageDataset, 'val' | 'test'>,
  { val, test }: { readonly val: number; readonly test: number | null },
): AccuracyEntry {
  const testCount = test === null ? 0 : (testSplit?.count ?? 0);
  return {
    val,
    valCount: valSplit.count,
    valInterval: accuracyInterval(val, valSplit.count),
    test,
    testCount,
    testInterval: test === null ? null : accuracyInterval(test, testCount),
  };
}

interface LatencyRequest {
  readonly threads: number;
  /** As `measureLatency` takes it. */
  readonly referenceMs?: number;
  /** Of a round; 3 by default. */
  readonly maxSeconds?: number;
  readonly signal: AbortSignal;
  /** Told when the figure is not to be trusted. */
  readonly onDoubt?: (message: string) => void;
}

/** Measures a model here. @throws MODEL_LOAD; what the signal was aborted with */
export async function measuredLatency(
  model: Uint8Array,
  feeds: Readonly<Record<string, Tensor>>,
  { onDoubt, ...options }: LatencyRequest,
): Promise<LatencyEntry & { readonly drift: number; readonly trusted: boolean }> {
  const found = await measureLatency(model, feeds, options);
  const { medianMs, lowMs, highMs, runs, wide, threads, provider, machine, drift, trusted } = found;
  if (!trusted)
    onDoubt?.(`the latency of the trained network is not to be trusted: ${found.doubts.join('; ')}`);
  return {
    kind: 'measured',
    medianMs,
    lowMs,
    highMs,
    quantilesMs: { p5: found.p5Ms, p25: found.p25Ms, p50: medianMs, p75: found.p75Ms, p95: found.p95Ms },
    runs,
    wide,
    trusted,
    drift,
    threads,
    provider,
    machine,
    platform: describeMachine().platform,
    runtime: engineName(),
  };
}

export const speedUpEntry = ({
  speedUp: ratio,
  low,
  high,
  rounds,
}: LatencyComparison): NonNullable<QuantisationEntry['speedUp']> => ({ ratio, low, high, rounds });

/** How a model of these images wants them. */
export function preprocessingOf(
  { channels, height, width }: Pick<ImageDataset, 'channels' | 'height' | 'width'>,
  { mean, std }: Normalisation,
): Preprocessing {
  return {
    channels,
    height,
    width,
    colour: channels === 1 ? 'grey' : 'rgb',
    mean: [...mean],
    std: [...std],
    scale: 1 / 255,
    resize: 'area',
  };
}
