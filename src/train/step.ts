/**
 * One training step after another: the session of a training graph, and the vectors that go round in it.
 *
 * Every vector has two buffers; a step reads one and writes the other, so nothing is allocated while training.
 */

import { NCHWC_DOMAIN } from '../autodiff/lowering/layouts.ts';
import type { TrainingGraph } from '../autodiff/training-graph.ts';
import { encodeModel } from '../onnx/encode.ts';
import type { OnnxModel, OnnxNode, Tensor } from '../onnx/model.ts';
import type { Random } from '../random.ts';
import { createSession, type SessionOptions } from '../runtime/session.ts';

/** What one training step is fed with. */
export interface StepInputs {
  /** Model inputs and loss inputs by name. */
  readonly feeds: Readonly<Record<string, Tensor>>;
  readonly learningRate: number;
  /** Decay of the moving average in this step, 0 by default; only where there is one. */
  readonly averageDecay?: number;
}

/** Runs the steps of a training graph, one after the other, and holds parameters and optimiser state between them. */
export interface Stepper {
  /** Runs one step and returns its loss. `noise` draws the masks of dropout. */
  step(inputs: StepInputs, noise: Random): Promise<number>;
  /** Steps done since the vectors began. */
  readonly steps: number;
  /** Whether the last step's loss and all vectors after it are finite. */
  readonly finite: boolean;
  /** Everything the last step was fed, the vectors of before it among them (views that the next step overwrites). */
  lastFeeds(): Readonly<Record<string, Tensor>>;
  /** Current vectors by name (views that the next step overwrites). */
  vectors(): ReadonlyMap<string, Tensor>;
  /** Ends profiling; only for sessions that were created with it. */
  endProfiling(): void;
  release(): Promise<void>;
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

const PRODUCTS = new Set(['Gemm', 'MatMul', 'FusedMatMul', 'Einsum']);

/**
 * @param start first value of every vector of the graph by name (`parameters`, `statistics`, optimiser state, averages);
 *   those left out begin at zero, the averages at what they average
 * @param decay weight decay of each parameter
 */
export async function createStepper(
  graph: TrainingGraph,
  start: ReadonlyMap<string, Float32Array>,
  decay: Float32Array,
  options: SessionOptions & { readonly steps?: number; readonly openSession?: typeof createSession },
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
  const fixed: Record<string, Tensor> = { decay: vector(decay) };
  if (graph.learningRateFactors) fixed.learningRateFactors = vector(graph.learningRateFactors);
  const wants = new Set(session.inputNames);
  const noiseTensors = graph.noise.map(({ name, shape }) => {
    const tensor: Tensor = {
      dtype: 'float32',
      shape,
      data: new Float32Array(shape.reduce((a, b) => a * b, 1)),
    };
    return [name, tensor] as const;
  });
  let steps = done;
  let finite = true;
  let lastFeeds: Readonly<Record<string, Tensor>> = {};

  return {
    get steps() {
      return steps;
    },
    get finite() {
      return finite;
    },
    lastFeeds: () => lastFeeds,
    vectors: () => current,
    async step({ feeds, learningRate, averageDecay = 0 }, noise) {
      for (const [name, tensor] of noiseTensors) {
        const stream = noise.split(name);
        for (let i = 0; i < tensor.data.length; i++) tensor.data[i] = stream.next();
      }
      const all: Record<string, Tensor> = {
        ...feeds,
        ...fixed,
        ...Object.fromEntries(current),
        ...Object.fromEntries(noiseTensors),
        learningRate: scalar(learningRate),
        step: scalar(steps + 1),
        averageDecay: scalar(averageDecay),
      };
      for (const name of Object.keys(all)) if (!wants.has(name)) delete all[name];
      const into = Object.fromEntries([...spare].map(([name, tensor]) => [`next.${name}`, tensor]));
      const outputs = await session.run(all, into);
      [current, spare] = [spare, current];
      steps += 1;
      lastFeeds = all;
      const loss = Number(outputs.loss!.data[0]);
      finite = Number.isFinite(loss) && Number.isFinite(Number(outputs.magnitude!.data[0]));
      return loss;
    },
    endProfiling: () => session.endProfiling(),
    release: () => session.release(),
  };
}
