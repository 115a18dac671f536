/**
 * The range of each activation by what it does to the outputs. The error that rounding and clipping make where they happen
 * says little of it: which values far out matter, the layers behind decide.
 */
import { encodeModel } from '../onnx/encode.ts';
import { float32 } from '../onnx/graph-builder.ts';
import type { OnnxModel, OnnxNode, Tensor, ValueInfo } from '../onnx/model.ts';
import { createSession } from '../runtime/session.ts';
import { type ActivationFormat, affineOf, type Range } from './affine.ts';
import type { Feeds, ObserveOptions } from './calibration/observe.ts';
import { freshNames, makeNode } from './graph.ts';
import { zeroPointTensor } from './insert-qdq.ts';
import { firstOutputs, noiseShare } from './output-noise.ts';
import type { Ranges } from './ranges.ts';

/** What adds less of the noise than this keeps the first range: there is nothing to win. */
const WORTH_TRYING = 1 / 200;

/**
 * For each value the candidate that, with this value alone in integers, changes the model's first output least.
 * @param model a prepared model
 * @param candidates by value name; of values that add hardly anything to the noise of those before them, the first is taken
 * @param batches some dozens of images suffice
 */
export async function chooseRanges(
  model: OnnxModel,
  candidates: ReadonlyMap<string, readonly Range[]>,
  format: ActivationFormat,
  batches: readonly Feeds[],
  { threads, signal, onProgress }: ObserveOptions,
): Promise<Ranges> {
  const expected = await firstOutputs(model, batches, { threads, signal });
  const chosen = new Map<string, Range>();
  let total = 0;
  for (const [value, ranges] of candidates) {
    let best = ranges[0]!;
    const others = distinct(ranges);
    if (others.length > 1) {
      const probe = await openProbe(model, value, format, threads);
      try {
        let least = Number.POSITIVE_INFINITY;
        for (const range of others) {
          if (least < WORTH_TRYING * total) break;
          signal?.throwIfAborted();
          const noise = noiseShare(expected, await probe.outputs(batches, range));
          if (noise < least) [best, least] = [range, noise];
        }
        total += least;
      } finally {
        await probe.close();
      }
    }
    chosen.set(value, best);
    onProgress?.(chosen.size / candidates.size);
  }
  return chosen;
}

const distinct = (ranges: readonly Range[]): readonly Range[] =>
  ranges.filter(
    ({ low, high }, i) => ranges.findIndex((other) => other.low === low && other.high === high) === i,
  );

/** The model with one value rounded, its range given anew with each run. */
interface Probe {
  readonly outputs: (batches: readonly Feeds[], range: Range) => Promise<readonly Float32Array[]>;
  readonly close: () => Promise<void>;
}

async function openProbe(
  { graph, ...model }: OnnxModel,
  value: string,
  format: ActivationFormat,
  threads: number,
): Promise<Probe> {
  const fresh = freshNames(graph);
  const [scale, zero, integers, rounded] = ['scale', 'zero', 'integers', 'rounded'].map((part) =>
    fresh(`${value}/${part}`),
  ) as [string, string, string, string];
  const pair = [
    makeNode('QuantizeLinear', integers, [value, scale, zero], integers),
    makeNode('DequantizeLinear', rounded, [integers, scale, zero], rounded),
  ];
  const nodes: OnnxNode[] = graph.inputs.some((input) => input.name === value) ? [...pair] : [];
  for (const node of graph.nodes) {
    nodes.push({ ...node, inputs: node.inputs.map((name) => (name === value ? rounded : name)) });
    if (node.outputs.includes(value)) nodes.push(...pair);
  }
  const scalars: readonly ValueInfo[] = [
    { name: scale, dtype: 'float32', shape: [] },
    { name: zero, dtype: format.dtype, shape: [] },
  ];
  const inputs = [...graph.inputs, ...scalars];
  const session = await createSession(encodeModel({ ...model, graph: { ...graph, nodes, inputs } }), {
    threads,
  });
  return {
    outputs: async (batches, range) => {
      const affine = affineOf(range, format);
      const given: Readonly<Record<string, Tensor>> = {
        [scale]: float32(affine.scale),
        [zero]: zeroPointTensor(affine),
      };
      const results: Float32Array[] = [];
      for (const feeds of batches)
        results.push(
          (await session.run({ ...feeds, ...given }))[session.outputNames[0]!]!.data as Float32Array,
        );
      return results;
    },
    close: () => session.release(),
  };
}
