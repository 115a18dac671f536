/** Watches values of a float model while it runs on calibration data: their extremes and a histogram of each. */
import { fail } from '../../errors.ts';
import { encodeModel } from '../../onnx/encode.ts';
import { int } from '../../onnx/graph-builder.ts';
import type { OnnxModel, Tensor, ValueInfo } from '../../onnx/model.ts';
import { createSession } from '../../runtime/session.ts';
import { freshNames, makeNode } from '../graph.ts';

/** The tensors of one run, by input name; float32 where the model is. */
export type Feeds = Readonly<Record<string, Tensor>>;

/** What was seen of a value. */
export interface Observation {
  /** At most 0. */
  readonly low: number;
  /** At least 0. */
  readonly high: number;
  /** How many values fell into each of equally wide bins from `low` to `high`. */
  readonly counts: Float64Array;
}

/** How the model is run, and what is kept. */
export interface ObserveOptions {
  /** Of ONNX Runtime, ≥ 1. */
  readonly threads: number;
  /**
   * True: no histograms, which `minMax` does without; `counts` are zeros, and every method gives the extremes. False
   * by default.
   */
  readonly extremesOnly?: boolean | undefined;
  /** Ends the work before the next batch. */
  readonly signal?: AbortSignal | undefined;
  /** Share of the work that is done, 0..1. */
  readonly onProgress?: ((done: number) => void) | undefined;
}

/** As TensorRT's calibration; finer than 256 levels by enough for thresholds to lie between them. */
export const BINS = 2048;

const output = (name: string): ValueInfo => ({ name, dtype: 'float32', shape: [], unranked: true });

/**
 * Runs the model twice over the batches: for the extremes, then for the histograms between them, if they are wanted.
 * @throws CALIBRATION when a value is not finite
 */
export async function observe(
  model: OnnxModel,
  values: readonly string[],
  batches: readonly Feeds[],
  options: ObserveOptions,
): Promise<ReadonlyMap<string, Observation>> {
  const found = await observeExtremes(model, values, batches, options);
  if (options.extremesOnly) return found;
  const inputs = new Set(model.graph.inputs.map((i) => i.name));
  const graph = { ...model.graph, outputs: values.filter((v) => !inputs.has(v)).map(output) };
  const session = await createSession(encodeModel({ ...model, graph }), { threads: options.threads });
  try {
    for (const [i, feeds] of batches.entries()) {
      options.signal?.throwIfAborted();
      const results = { ...feeds, ...(await session.run(feeds)) };
      for (const value of values) count(results[value]!.data as Float32Array, found.get(value)!);
      options.onProgress?.(0.5 + (i + 1) / batches.length / 2);
    }
  } finally {
    await session.release();
  }
  return found;
}

async function observeExtremes(
  model: OnnxModel,
  values: readonly string[],
  batches: readonly Feeds[],
  { threads, signal, onProgress }: ObserveOptions,
): Promise<Map<string, Observation>> {
  const fresh = freshNames(model.graph);
  const reductions = values.flatMap((value) =>
    (['ReduceMin', 'ReduceMax'] as const).map((op) => {
      const name = fresh(`${value}/${op}`);
      return makeNode(op, name, [value], name, { keepdims: int(0) });
    }),
  );
  const outputs = reductions.map((node): ValueInfo => ({ name: node.name, dtype: 'float32', shape: [] }));
  const graph = { ...model.graph, nodes: [...model.graph.nodes, ...reductions], outputs };
  const session = await createSession(encodeModel({ ...model, graph }), { threads });
  const extremes = values.map(() => ({ low: 0, high: 0 }));
  try {
    for (const [i, feeds] of batches.entries()) {
      signal?.throwIfAborted();
      const results = await session.run(feeds);
      values.forEach((value, v) => {
        const [low, high] = [0, 1].map((k) => Number(results[reductions[2 * v + k]!.name]!.data[0]));
        if (!Number.isFinite(low) || !Number.isFinite(high)) fail('CALIBRATION', { value });
        const seen = extremes[v]!;
        extremes[v] = { low: Math.min(seen.low, low!), high: Math.max(seen.high, high!) };
      });
      onProgress?.((i + 1) / batches.length / 2);
    }
  } finally {
    await session.release();
  }
  return new Map(values.map((value, v) => [value, { ...extremes[v]!, counts: new Float64Array(BINS) }]));
}

function count(data: Float32Array, { low, high, counts }: Observation): void {
  const perUnit = high > low ? counts.length / (high - low) : 0;
  const last = counts.length - 1;
  for (let i = 0; i < data.length; i++) {
    // None is below `low`, so that cutting off is rounding down, and fast.
    const bin = ((data[i]! - low) * perUnit) | 0;
    counts[bin > last ? last : bin]! += 1;
  }
}

/**
 * The observation that a plain list of values gives, with 2048 bins.
 * @throws CALIBRATION when a value is not finite
 */
export function observeValues(data: Float32Array): Observation {
  let low = 0;
  let high = 0;
  for (const value of data) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (!Number.isFinite(low) || !Number.isFinite(high)) fail('CALIBRATION', { value: 'the given values' });
  const observation = { low, high, counts: new Float64Array(BINS) };
  count(data, observation);
  return observation;
}
