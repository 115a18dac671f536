/**
 * Which activations a runtime computes within the operator before them: without them a model takes no less time.
 *
 * A sum of costs cannot tell it: it gives an operator's cost to what is always beside it. So networks are timed with and without.
 */
import { EspalierError } from '../../errors.ts';
import { encodeModel } from '../../onnx/encode.ts';
import type { OnnxModel } from '../../onnx/model.ts';
import type { Random } from '../../random.ts';
import { median } from '../median-interval.ts';
import type { Coefficients, Sample } from './coefficients.ts';
import type { Timer } from './time-briefly.ts';
import { partsOf } from './work.ts';

/** Of one element each, so that a model without them has the same shapes. */
const ACTIVATIONS: ReadonlySet<string> = new Set([
  ...['Relu', 'LeakyRelu', 'PRelu', 'Elu', 'Selu', 'Celu', 'Clip', 'Sigmoid', 'HardSigmoid', 'HardSwish'],
  ...['Tanh', 'Softplus', 'Softsign', 'Gelu', 'Mish', 'Erf'],
]);

/** An operator and the one that its input comes from. */
export interface Pair {
  readonly op: string;
  readonly producer: string;
}

/** `Relu after Conv`; null for what is no activation, or one of a few numbers. */
export function pairOf(kind: string): Pair | null {
  const [op, producer, ...more] = kind.split(' after ');
  return producer === undefined || more.length > 0 || !ACTIVATIONS.has(op!) ? null : { op: op!, producer };
}

/** The model without the operators of the pair: what they read takes their place. */
export function without({ graph, ...model }: OnnxModel, { op, producer }: Pair): OnnxModel {
  const producers = new Map(
    graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node.op] as const)),
  );
  const outputs = new Set(graph.outputs.map(({ name }) => name));
  const instead = new Map<string, string>();
  const nodes = graph.nodes.flatMap((node) => {
    const [input, output] = [node.inputs[0] ?? '', node.outputs[0] ?? ''];
    if (node.op === op && producers.get(input) === producer && !outputs.has(output)) {
      instead.set(output, instead.get(input) ?? input);
      return [];
    }
    return [{ ...node, inputs: node.inputs.map((name) => instead.get(name) ?? name) }];
  });
  return { ...model, graph: { ...graph, nodes } };
}

export interface TimedSample extends Sample {
  readonly index: number;
}

interface Trial {
  readonly kind: string;
  readonly pair: Pair;
  /** Of the network that spends the largest share of its time on them, were they computed by themselves. */
  readonly index: number;
  /** That share, 0..1. */
  readonly share: number;
}

/** Of a smaller share timings say nothing. */
const LEAST_SHARE = 0.15;
/** Timings of each model: their median tells a saving of 1 to 2 %. */
const VISITS = 9;
/** Less than this share of what they would take by themselves is none of it. */
const FUSED_BELOW = 0.1;

export interface FusionOptions {
  /** The network of that index of the samples. */
  readonly draw: (index: number) => Promise<OnnxModel>;
  readonly timer: Timer;
  /** For the order of the timings. */
  readonly random: Random;
}

/**
 * The kinds that cost nothing, such as `Relu after Conv`, in the order of the alphabet. One of which the timer throws an
 * Espalier error (a model that the runtime refuses, a device that is away) is not told of.
 */
export async function fusedKinds(
  coefficients: Coefficients,
  samples: readonly TimedSample[],
  { draw, timer, random }: FusionOptions,
): Promise<string[]> {
  const fused: string[] = [];
  for (const trial of trialsOf(coefficients, samples)) {
    try {
      const model = await draw(trial.index);
      const saved = await savedWithout(model, trial.pair, timer, random);
      if (saved !== null && saved < FUSED_BELOW * trial.share) fused.push(trial.kind);
    } catch (error) {
      if (!(error instanceof EspalierError)) throw error;
    }
  }
  return fused.sort();
}

function trialsOf(coefficients: Coefficients, samples: readonly TimedSample[]): Trial[] {
  // What a number costs that is read and written by an operator of the median family.
  const prices = Object.entries(coefficients).flatMap(([name, ms]) => {
    const { sort, ofKind } = partsOf(name);
    return sort === 'moved' && !ofKind ? [ms] : [];
  });
  if (prices.length === 0) return [];
  const price = median(prices);
  const most = new Map<string, Trial>();
  for (const { index, work, ms } of samples)
    for (const [name, amount] of work) {
      const { kind, sort } = partsOf(name);
      const pair = sort === 'moved' ? pairOf(kind) : null;
      const share = (price * amount) / ms;
      if (pair !== null && share > Math.max(LEAST_SHARE, most.get(kind)?.share ?? 0))
        most.set(kind, { kind, pair, index, share });
    }
  return [...most.values()];
}

/** The share of the model's time that is saved without the pair's operators; null where none of them can be left out. */
async function savedWithout(
  model: OnnxModel,
  pair: Pair,
  timer: Timer,
  random: Random,
): Promise<number | null> {
  const rest = without(model, pair);
  if (rest.graph.nodes.length === model.graph.nodes.length) return null;
  const models = [encodeModel(model), encodeModel(rest)] as const;
  const saved: number[] = [];
  for (let visit = 0; visit < VISITS; visit++) {
    // One after the other, in either order: the machine's speed changes.
    const first = random.int(2);
    const timings = [await timer(models[first]!), await timer(models[1 - first]!)];
    saved.push(1 - timings[1 - first]!.lowerQuartileMs / timings[first]!.lowerQuartileMs);
  }
  return median(saved);
}
