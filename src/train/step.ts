/**
 * One training step after another: the session of a training graph, and the vectors that go round in it.
 *
 * Every vector has two buffers; a step reads one and writes the other, so nothing is allocated while training.
 */

import type { NoiseInput } from '../autodiff/forward.ts';
import { NCHWC_DOMAIN } from '../autodiff/lowering/layouts.ts';
import type { TrainingGraph } from '../autodiff/training-graph.ts';
import { encodeModel } from '../onnx/encode.ts';
import type { OnnxModel, OnnxNode, Tensor } from '../onnx/model.ts';
import type { Random } from '../random.ts';
import { checkFeeds } from '../runtime/feeds.ts';
import { createSession, type Session, type SessionOptions } from '../runtime/session.ts';
import { checkClassLabels } from './class-labels.ts';
import { severalSteps } from './several-steps.ts';
import { ofStep, stepsWorthOneRun } from './unroll.ts';

/** What one training step is fed with. */
export interface StepInputs {
  /** Model inputs and loss inputs by name; others are ignored. */
  readonly feeds: Readonly<Record<string, Tensor>>;
  /** Of this step, > 0. */
  readonly learningRate: number;
  /**
   * Decay of the moving average in this step, 0..1; 0 by default: the average is the weights. Without effect where
   * the graph keeps none.
   */
  readonly averageDecay?: number;
}

/** Runs the steps of a training graph, one after the other, and holds parameters and optimiser state between them. */
export interface Stepper {
  /**
   * Runs one step and gives its loss, that of before the update. Not to be called while another step runs.
   * @param noise draws the masks of dropout, each from a stream named by its input
   * @throws MODEL_INPUT when an input is missing or does not fit, or a label is the number of no class
   */
  step(inputs: StepInputs, noise: Random): Promise<number>;
  /**
   * Runs one step after another, to the last bit as by {@link step}, and gives their losses: as many as were done,
   * which are fewer only where one was not finite. The tensors must all be there at once, not in one buffer.
   * @param noise of each step, by its place among the inputs
   * @throws MODEL_INPUT as {@link step}, before any of those that are done in one run
   */
  run(inputs: readonly StepInputs[], noise: (place: number) => Random): Promise<number[]>;
  /** How many steps to give {@link run} at once, ≥ 1: above 1 where that is faster. */
  readonly together: number;
  /** Steps done since the vectors began. */
  readonly steps: number;
  /** Whether the last step's loss and all vectors after it are finite; true before the first. */
  readonly finite: boolean;
  /**
   * After a step that was not finite: all that it was fed, the vectors of before it among them (views that the next
   * step overwrites).
   */
  lastFeeds(): Readonly<Record<string, Tensor>>;
  /** Current vectors by name (views that the next step overwrites). */
  vectors(): ReadonlyMap<string, Tensor>;
  /** Ends profiling; only for sessions that were created with it. */
  endProfiling(): void;
  /** Frees the session; `vectors()` still gives the last ones. */
  release(): Promise<void>;
}

/** How the session runs, and where the steps begin. */
export interface StepperOptions extends SessionOptions {
  /** Steps done before, when training is gone on with; 0 by default. The first step has this number plus one. */
  readonly steps?: number;
  /** Where the session comes from; a new one by default. */
  readonly openSession?: typeof createSession;
}

const vector = (data: Float32Array): Tensor => ({ dtype: 'float32', shape: [data.length], data });
const scalar = (value: number): Tensor => ({ dtype: 'float32', shape: [], data: Float32Array.of(value) });

/**
 * The lowering has chosen the kernels of convolutional networks and shared equal nodes; ONNX Runtime's optimisations find
 * nothing more there, and are half of the time that a session takes to be made. Products of matrices gain by them.
 */
function usefulOptimisation({ graph }: OnnxModel): 'disabled' | 'all' {
  const count = (isOne: (node: OnnxNode) => boolean): number => graph.nodes.filter(isOne).length;
  const products = count((n) => PRODUCTS.has(n.op));
  return count((n) => n.domain === NCHWC_DOMAIN && n.op === 'Conv') > products ? 'disabled' : 'all';
}

/** Inputs that the stepper feeds from numbers. */
const RATES = ['learningRate', 'step', 'averageDecay'];

const PRODUCTS = new Set(['Gemm', 'MatMul', 'FusedMatMul', 'Einsum']);

/**
 * The session of a training graph and the vectors that go round in it. Every vector has two buffers; a run reads one
 * and writes the other, so that no vector is allocated while training.
 * @param start first value of every vector of the graph by name (`parameters` [P], `statistics` [S], optimiser state,
 *   averages), copied; those left out begin at zero, the averages at what they average. See `startingVectors`
 * @param decay weight decay of each parameter [P], ≥ 0: see `entryVector`
 * @throws MODEL_LOAD when ONNX Runtime refuses the graph, e.g. one lowered for another processor
 */
export async function createStepper(
  graph: TrainingGraph,
  start: ReadonlyMap<string, Float32Array>,
  decay: Float32Array,
  options: StepperOptions,
): Promise<Stepper> {
  const { steps: done = 0, openSession = createSession, ...sessionOptions } = options;
  const session = await openSession(encodeModel(graph.model), {
    optimisation: usefulOptimisation(graph.model),
    ...sessionOptions,
  });
  const names = session.outputNames.filter((n) => n.startsWith('next.')).map((n) => n.slice('next.'.length));
  const lengthOf = (name: string): number =>
    name === 'statistics' || name === 'averageStatistics' ? graph.statistics.length : graph.parameters.length;
  const origin: Readonly<Record<string, string>> = { average: 'parameters', averageStatistics: 'statistics' };
  let current = new Map(
    names.map((name) => [
      name,
      vector(
        Float32Array.from(
          start.get(name) ?? start.get(origin[name] ?? '') ?? new Float32Array(lengthOf(name)),
        ),
      ),
    ]),
  );
  let spare = new Map(names.map((name) => [name, vector(new Float32Array(lengthOf(name)))]));
  const fixedVectors: Record<string, Float32Array> = { decay };
  if (graph.learningRateFactors) fixedVectors.learningRateFactors = graph.learningRateFactors;
  const fixed = Object.fromEntries(
    Object.entries(fixedVectors).map(([name, data]) => [name, vector(data)] as const),
  );
  const together = stepsWorthOneRun(graph);
  const noiseTensors = Array.from({ length: together }, () => graph.noise.map(emptyTensor));
  const own = new Set([...names, ...Object.keys(fixed), ...graph.noise.map(({ name }) => name), ...RATES]);
  const given = session.inputs.filter(({ name }) => !own.has(name));
  let several: Session | null = null;
  let steps = done;
  let finite = true;
  let lastFeeds: Readonly<Record<string, Tensor>> = {};

  /** What a step is fed beside the vectors and what never changes; `place` among those of one run. */
  const feedsOf = (
    { feeds, learningRate, averageDecay = 0 }: StepInputs,
    noise: Random,
    place: number,
  ): Readonly<Record<string, Tensor>> => {
    checkFeeds(given, feeds);
    checkClassLabels(graph.classLabels, feeds);
    for (const [name, { data }] of noiseTensors[place]!) {
      const stream = noise.split(name);
      for (let i = 0; i < data.length; i++) data[i] = stream.next();
    }
    return {
      ...feeds,
      ...Object.fromEntries(noiseTensors[place]!),
      learningRate: scalar(learningRate),
      step: scalar(steps + place + 1),
      averageDecay: scalar(averageDecay),
    };
  };
  const advance = async (
    by: Session,
    feeds: Readonly<Record<string, Tensor>>,
  ): Promise<{
    readonly all: Readonly<Record<string, Tensor>>;
    readonly outputs: Record<string, Tensor>;
  }> => {
    const wants = new Set(by.inputNames);
    const all = Object.fromEntries(
      Object.entries({ ...feeds, ...fixed, ...Object.fromEntries(current) }).filter(([name]) =>
        wants.has(name),
      ),
    );
    const into = Object.fromEntries([...spare].map(([name, tensor]) => [`next.${name}`, tensor]));
    return { all, outputs: await by.run(all, into) };
  };
  const holdsFinite = (outputs: Readonly<Record<string, Tensor>>, name: string): boolean =>
    Number.isFinite(Number(outputs[name]!.data[0]));

  const step = async (inputs: StepInputs, noise: Random): Promise<number> => {
    const { all, outputs } = await advance(session, feedsOf(inputs, noise, 0));
    [current, spare] = [spare, current];
    steps += 1;
    lastFeeds = all;
    finite = holdsFinite(outputs, 'loss') && holdsFinite(outputs, 'magnitude');
    return Number(outputs.loss!.data[0]);
  };
  /** Null, and nothing has changed, where a step was not finite. */
  const stepTogether = async (
    inputs: readonly StepInputs[],
    noise: (place: number) => Random,
  ): Promise<number[] | null> => {
    several ??= await openSession(encodeModel(await severalSteps(graph, together, fixedVectors)), {
      optimisation: usefulOptimisation(graph.model),
      ...sessionOptions,
    });
    const feeds = inputs.flatMap((one, place) =>
      Object.entries(feedsOf(one, noise(place), place)).map(
        ([name, tensor]) => [ofStep(name, place), tensor] as const,
      ),
    );
    const { outputs } = await advance(several, Object.fromEntries(feeds));
    const last = inputs.length - 1;
    const losses = inputs.map((_, place) => ofStep('loss', place));
    if (![...losses, ofStep('magnitude', last)].every((name) => holdsFinite(outputs, name))) return null;
    [current, spare] = [spare, current];
    steps += inputs.length;
    finite = true;
    return losses.map((name) => Number(outputs[name]!.data[0]));
  };

  return {
    step,
    async run(inputs, noise) {
      const losses: number[] = [];
      while (losses.length < inputs.length && (losses.length === 0 || finite)) {
        const at = losses.length;
        const group = inputs.slice(at, at + together);
        const found =
          together > 1 && group.length === together
            ? await stepTogether(group, (place) => noise(at + place))
            : null;
        if (found !== null) losses.push(...found);
        else
          for (let place = 0; place < group.length && (place === 0 || finite); place++)
            losses.push(await step(group[place]!, noise(at + place)));
      }
      return losses;
    },
    together,
    get steps() {
      return steps;
    },
    get finite() {
      return finite;
    },
    lastFeeds: () => lastFeeds,
    vectors: () => current,
    endProfiling: () => session.endProfiling(),
    async release() {
      await session.release();
      await several?.release();
    },
  };
}

function emptyTensor({ name, shape }: NoiseInput): readonly [string, Tensor] {
  return [name, { dtype: 'float32', shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) }];
}
