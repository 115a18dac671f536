/**
 * Finds where a training step first became NaN or infinite, by repeating it in a graph that counts such elements in
 * every layer's value and gradient. Only run after a step has failed.
 */
import type { Loss } from '../autodiff/losses/loss.ts';
import { type LoweringTarget, PLAIN } from '../autodiff/lowering/target.ts';
import type { Optimiser } from '../autodiff/optimisers/optimiser.ts';
import type { VectorLayout } from '../autodiff/parameter-layout.ts';
import { type TrainingGraph, type TrainingGraphOptions, trainingGraph } from '../autodiff/training-graph.ts';
import type { WatchedValue } from '../autodiff/watch.ts';
import { encodeModel } from '../onnx/encode.ts';
import type { OnnxModel, Tensor } from '../onnx/model.ts';
import { createSession } from '../runtime/session.ts';

/** What the training graph was made from. */
export interface TrainingRecipe {
  /** As given to `trainingGraph`. */
  readonly model: OnnxModel;
  /** As given to `trainingGraph`. */
  readonly loss: Loss;
  /** As given to `trainingGraph`. */
  readonly optimiser: Optimiser;
  /** As given to `trainingGraph`; `watch` is set by `diagnose` itself. */
  readonly options: TrainingGraphOptions;
}

/** Where in a step the first value was not finite. */
export interface Diagnosis {
  /** What was not finite first: what the step was fed, what it began from, or what it computed. */
  readonly cause: 'input' | 'weights' | 'computation';
  /** Layer, weight or input; null where it could not be found. */
  readonly name: string | null;
  /** For people, to follow a comma: `first in layer "stage1.conv" (Conv): 12 of 64 values are infinite`. */
  readonly text: string;
}

type Feeds = Readonly<Record<string, Tensor>>;

/**
 * Finds where a step first became NaN or infinite: looks through what it was fed, then repeats it in a graph that
 * counts such elements in every layer's value and gradient, first in the portable form, then in the recipe's. For a
 * step that has failed; costs the making of one or two training graphs.
 * @param feeds everything the failed step was fed, the vectors of before it among them: `stepper.lastFeeds()`
 * @param threads of ONNX Runtime, ≥ 1
 * @throws as `trainingGraph`; MODEL_LOAD
 */
export async function diagnose(recipe: TrainingRecipe, feeds: Feeds, threads: number): Promise<Diagnosis> {
  const { model, loss, optimiser, options } = recipe;
  // The reference form first: it computes layer by layer, so that the layer named is the layer at fault.
  const targets: readonly LoweringTarget[] = [PLAIN, ...(options.target ? [options.target] : [])];
  for (const target of targets) {
    const graph = trainingGraph(model, loss, optimiser, { ...options, target, watch: true });
    const before = inFeeds(graph, feeds);
    if (before) return before;
    const session = await createSession(encodeModel(graph.model), { threads });
    try {
      const wanted = new Set(session.inputNames);
      const outputs = await session.run(
        Object.fromEntries(Object.entries(feeds).filter(([name]) => wanted.has(name))),
      );
      const found = inLayers(graph, outputs) ?? inUpdate(graph, outputs);
      if (found) return found;
    } finally {
      await session.release();
    }
  }
  return { cause: 'computation', name: null, text: 'but not when the step was repeated to find the layer' };
}

interface Counts {
  readonly nan: number;
  readonly infinite: number;
}

function countIn(values: ArrayLike<number | bigint>, from = 0, to = values.length): Counts | null {
  let nan = 0;
  let infinite = 0;
  for (let i = from; i < to; i++) {
    const value = values[i]!;
    if (typeof value === 'bigint' || Number.isFinite(value)) continue;
    if (Number.isNaN(value)) nan++;
    else infinite++;
  }
  return nan + infinite === 0 ? null : { nan, infinite };
}

/** `3 of 64 values are NaN, 1 is infinite`. */
function describe({ nan, infinite }: Counts, of: number): string {
  const total = `of ${of} value${of === 1 ? '' : 's'}`;
  const kinds = [
    { count: nan, kind: 'NaN' },
    { count: infinite, kind: 'infinite' },
  ].filter(({ count }) => count > 0);
  return kinds
    .map(
      ({ count, kind }, i) => `${count}${i === 0 ? ` ${total}` : ''} ${count === 1 ? 'is' : 'are'} ${kind}`,
    )
    .join(', ');
}

/** The layout of a vector of the graph; null for other inputs. */
function layoutOf(graph: TrainingGraph, name: string): VectorLayout | null {
  if (name === 'statistics' || name === 'averageStatistics') return graph.statistics;
  const isVector = ['parameters', 'average', ...graph.optimiserState].includes(name);
  return isVector ? graph.parameters : null;
}

/** What of a vector the entry is: the weight itself, or what is kept of it. */
const kindOf = (vector: string): string =>
  ({ parameters: 'weight', statistics: 'running average' })[vector] ?? `${vector} of the weight`;

function inVector(
  layout: VectorLayout,
  vector: string,
  data: ArrayLike<number>,
): { readonly name: string; readonly text: string } | null {
  for (const { name, offset, length } of layout.entries) {
    const counts = countIn(data, offset, offset + length);
    if (counts) return { name, text: `the ${kindOf(vector)} "${name}": ${describe(counts, length)}` };
  }
  return null;
}

/** Data first: it also spoils the running averages, never the other way round. */
function inFeeds(graph: TrainingGraph, feeds: Feeds): Diagnosis | null {
  const all = Object.entries(feeds).map(
    ([name, tensor]) => ({ name, tensor, layout: layoutOf(graph, name) }) as const,
  );
  for (const { name, tensor, layout } of all) {
    const counts = layout ? null : countIn(tensor.data);
    if (!counts) continue;
    const text = `from the input "${name}": ${describe(counts, tensor.data.length)}`;
    return { cause: 'input', name, text };
  }
  for (const { name, tensor, layout } of all) {
    const found = layout && inVector(layout, name, tensor.data as Float32Array);
    if (found) return { cause: 'weights', name: found.name, text: `already before it in ${found.text}` };
  }
  return null;
}

function inLayers(graph: TrainingGraph, outputs: Feeds): Diagnosis | null {
  const nan = outputs['watch.nan']!.data;
  const infinite = outputs['watch.infinite']!.data;
  for (const [i, watched] of graph.watched.entries()) {
    const counts = { nan: Number(nan[i]), infinite: Number(infinite[i]) };
    if (counts.nan + counts.infinite === 0) continue;
    const text = `first in ${placeOf(watched)}: ${describe(counts, watched.elements)}`;
    return { cause: 'computation', name: watched.layer ? nameOf(watched.layer) : null, text };
  }
  return null;
}

/** Exported models may leave nodes without names; their outputs always have one. */
const nameOf = (layer: NonNullable<WatchedValue['layer']>): string => layer.name || layer.outputs[0]!;

function placeOf({ layer, part }: WatchedValue): string {
  const place = layer ? `layer "${nameOf(layer)}" (${layer.op})` : 'the loss';
  return part === 'gradient' ? `the gradient of ${place}` : place;
}

function inUpdate(graph: TrainingGraph, outputs: Feeds): Diagnosis | null {
  const vectors = ['parameters', ...graph.optimiserState, 'statistics'].flatMap((vector) => {
    const data = outputs[`next.${vector}`]?.data as Float32Array | undefined;
    return data ? [{ vector, data, layout: layoutOf(graph, vector)! }] : [];
  });
  for (const { vector, data, layout } of vectors) {
    const found = inVector(layout, vector, data);
    if (found)
      return { cause: 'computation', name: found.name, text: `first in the update of ${found.text}` };
  }
  if (Number.isFinite(Number(outputs.magnitude!.data[0]))) return null;
  // All are finite, but so large that their sum is not.
  const largest = vectors
    .flatMap(({ vector, data, layout }) =>
      layout.entries.map(({ name, offset, length }) => {
        const values = data.subarray(offset, offset + length);
        return { vector, name, most: values.reduce((m, v) => Math.max(m, Math.abs(v)), 0) };
      }),
    )
    .reduce((a, b) => (a.most >= b.most ? a : b));
  const { vector, name, most } = largest;
  const text = `first in the update of the ${kindOf(vector)} "${name}", which has grown to ${most.toExponential(1)}`;
  return { cause: 'computation', name, text };
}
