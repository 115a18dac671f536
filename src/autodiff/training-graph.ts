/** Turns a model into one graph that does a whole training step: forward, loss, backward and optimiser update. */
import { fail } from '../errors.ts';
import { createGraphBuilder, float32, type GraphBuilder, int, int64 } from '../onnx/graph-builder.ts';
import { normaliseModel } from '../onnx/import/normalise.ts';
import { inSinglePrecision } from '../onnx/import/single-precision.ts';
import type { OnnxModel, OnnxNode, ValueInfo } from '../onnx/model.ts';
import { type Arithmetic, arithmetic, staticShape } from './arithmetic.ts';
import { gradients } from './backward.ts';
import { emitForward, type ForwardContext, type NoiseInput } from './forward.ts';
import type { ClassLabels, Loss } from './losses/loss.ts';
import { lower } from './lowering/index.ts';
import type { LoweringTarget } from './lowering/target.ts';
import { mergeEqualNodes } from './merge-equal-nodes.ts';
import type { Optimiser } from './optimisers/optimiser.ts';
import { entryVector, type VectorLayout, vectorLayout } from './parameter-layout.ts';
import { requireNotNegative } from './setting.ts';
import { type CountedValue, emitWatch, type WatchedValue } from './watch.ts';

/** What trains, at which rates, and what the step does beside: clipping, averaging, lowering. */
export interface TrainingGraphOptions {
  /**
   * Which initialisers train, asked of every float tensor that is not a running average, a scalar or a setting of an
   * operator; all of them by default.
   */
  readonly trainable?: (name: string) => boolean;
  /** Which initialisers of rank 0 train, a learnt temperature for instance; none by default, most are constants. */
  readonly trainableScalars?: (name: string) => boolean;
  /**
   * Factor of the learning rate for each initialiser, e.g. lower for pretrained layers; 1 by default. Factors also scale
   * decoupled weight decay. 0 keeps a weight too, but costs its gradient: see `trainable`.
   */
  readonly learningRateFactor?: (name: string) => number;
  /**
   * Running averages of batch norms that stay as they are and normalise in place of the batch's own statistics, as
   * fine-tuning with small batches wants; all with true, or chosen by the name of the running mean. None by default.
   */
  readonly freezeStatistics?: boolean | ((meanName: string) => boolean);
  /** Sizes of the symbolic axes of the model's inputs, e.g. `{ batch: 32 }`; none by default. */
  readonly dimensions?: Readonly<Record<string, number>>;
  /**
   * Bound of the global gradient norm (Pascanu et al. 2013), in the unit of the gradient; none by default, or with 0.
   */
  readonly clipNorm?: number;
  /**
   * Keep an exponential moving average of weights and statistics (Polyak and Juditsky 1992), whose decay is fed to
   * every step; false by default.
   */
  readonly movingAverage?: boolean;
  /**
   * Count what is not finite in every layer's value and gradient (see {@link TrainingGraph.watched}); false by
   * default.
   */
  readonly watch?: boolean;
  /** What the graph is lowered for; the portable form by default, `loweringTarget()` for this machine's best. */
  readonly target?: LoweringTarget;
}

/**
 * A whole training step as one ONNX model, and how its vectors are laid out.
 *
 * Inputs: the model's own; those of the loss (`labels`, …); `parameters` [P], `statistics` [S] (running averages of
 * batch norms, where there are any) and the optimiser's state vectors [P]; `decay` [P]; `learningRate` and `step`
 * (scalars; steps count from 1); with a moving average `average` [P], `averageStatistics` [S] and `averageDecay`
 * (scalar, 0..1); with layer-wise rates `learningRateFactors` [P]; one `noise.*` input for each dropout. Outputs:
 * `loss` (scalar); `next.<name>` for every vector; `magnitude` (scalar), which is NaN or infinite when one of the
 * vectors is. {@link createStepper} feeds them all.
 */
export interface TrainingGraph {
  /** In the operators of its {@link LoweringTarget}. */
  readonly model: OnnxModel;
  /** Where each weight that trains lies in the vectors [P]. */
  readonly parameters: VectorLayout;
  /** Where each running average lies in the vectors [S]; without entries where the model has no batch norm. */
  readonly statistics: VectorLayout;
  /** Names of the optimiser's state vectors, each [P]. */
  readonly optimiserState: readonly string[];
  /** What the dropouts are to be fed with. */
  readonly noise: readonly NoiseInput[];
  /** What the input `learningRateFactors` [P] is to be fed with; null where the graph has no such input. */
  readonly learningRateFactors: Float32Array | null;
  /** Inputs of the loss that hold numbers of classes, and how many classes there are. */
  readonly classLabels: readonly ClassLabels[];
  /** With `watch`: what each element of the outputs `watch.nan` and `watch.infinite` counts, in the order of execution. */
  readonly watched: readonly CountedValue[];
}

/**
 * The whole training step of a model as one ONNX model: forward, loss, backward (reverse-mode differentiation),
 * update. Batch norms normalise by the batch and update their running averages with the unbiased variance, as PyTorch
 * does.
 *
 * @param model any operator set from 11 to 26; its input shapes must be fixed (the batch too), or their symbols given
 *   in `dimensions`. Half and double precision is trained in float32: such inputs become float32 inputs of the step
 * @param loss one of `LOSSES`, or your own
 * @param optimiser one of `OPTIMISERS`, or your own
 * @throws OPERATOR when an operator is not handled at all; NO_GRADIENT when one between a trained weight and the loss has
 *   no gradient rule; SHAPE when an axis has no size or a layer does not fit; NO_PARAMETERS when nothing trains; ONNX_READ when the operator set is not
 *   one of those; USAGE when `clipNorm` is negative
 */
export function trainingGraph(
  model: OnnxModel,
  loss: Loss,
  optimiser: Optimiser,
  options: TrainingGraphOptions = {},
): TrainingGraph {
  const { clipNorm = 0 } = options;
  requireNotNegative('trainingGraph', 'clipNorm', clipNorm);
  const scalarTrains = options.trainableScalars ?? (() => false);
  const normal = normaliseModel(inSinglePrecision(model), options.dimensions, scalarTrains);
  const graph = mergeEqualNodes(normal.graph);
  const reserved = new Set([...graph.initializers.keys(), ...graph.nodes.flatMap((n) => n.outputs)]);
  const g = createGraphBuilder({ name: `${graph.name}.train`, reserved, shareEqualNodes: true });
  const weights = new Set<string>();
  const m = arithmetic(g, (value) => weights.has(value));
  const settings = settingNames(graph);
  const statisticNames = new Set(
    graph.nodes.flatMap((n) => (n.op === 'BatchNormalization' ? n.inputs.slice(3) : [])),
  );
  const trains = options.trainable ?? (() => true);
  const isParameter = (name: string): boolean => {
    const tensor = graph.initializers.get(name)!;
    if (tensor.dtype !== 'float32' || statisticNames.has(name) || settings.has(name)) return false;
    return tensor.shape.length === 0 ? scalarTrains(name) : trains(name);
  };
  const used = new Set(graph.nodes.flatMap((n) => n.inputs));
  const names = [...graph.initializers.keys()].filter((name) => used.has(name));
  const describe = (name: string) => ({ name, shape: graph.initializers.get(name)!.shape });
  const parameters = vectorLayout(names.filter(isParameter).map(describe));
  for (const { name } of parameters.entries) weights.add(name);
  if (parameters.length === 0) fail('NO_PARAMETERS', { model: graph.name });
  const frozen = frozenStatistics(graph.nodes, options.freezeStatistics ?? false);

  for (const input of graph.inputs) g.input(input.name, input.dtype, fixedShape(input));
  g.input('parameters', 'float32', [parameters.length]);
  for (const name of names) {
    const isConstant = !isParameter(name) && (frozen.has(name) || !statisticNames.has(name));
    if (isConstant) g.initializer(name, graph.initializers.get(name)!);
  }
  splitVector(g, 'parameters', parameters);

  const forward: ForwardContext = {
    m,
    statistics: [],
    noise: [],
    frozenStatistics: (name) => frozen.has(name),
  };
  const begin = g.nodes().length;
  /** The layer that each forward node comes from; none for those of the loss. */
  const layers = new Map<OnnxNode, OnnxNode>();
  for (const node of graph.nodes) {
    const from = g.nodes().length;
    emitForward(forward, node);
    for (const emitted of g.nodes().slice(from)) layers.set(emitted, node);
  }
  const stopped = new Set<string>();
  const lossValue = loss.build(
    m,
    graph.outputs.map((o) => o.name),
    (value) => {
      const copy = g.op('Identity', [value]);
      stopped.add(copy);
      return copy;
    },
  );
  const watched: WatchedValue[] = [];
  if (options.watch) {
    for (const layer of graph.nodes)
      for (const value of layer.outputs) watched.push({ layer, part: 'value', value });
    watched.push({ layer: null, part: 'loss', value: lossValue });
  }
  const found = gradients(
    m,
    g.nodes().slice(begin),
    lossValue,
    parameters.entries.map((e) => e.name),
    {
      stopped,
      observe: (node, _, value) => {
        if (options.watch) watched.push({ layer: layers.get(node) ?? null, part: 'gradient', value });
      },
    },
  );
  g.output(lossValue, 'loss');

  const flat = parameters.entries.map((e) => {
    const gradient = found.get(e.name);
    return gradient ? m.reshape(gradient, [e.length]) : g.constant(float32(new Float32Array(e.length)));
  });
  let gradient = flat.length === 1 ? flat[0]! : g.op('Concat', flat, { axis: int(0) });
  if (clipNorm > 0) gradient = clipByNorm(m, gradient, clipNorm);

  g.input('decay', 'float32', [parameters.length]);
  g.input('learningRate', 'float32', []);
  g.input('step', 'float32', []);
  for (const name of optimiser.state) g.input(name, 'float32', [parameters.length]);
  const learningRateFactors = options.learningRateFactor
    ? entryVector(parameters, (e) => options.learningRateFactor!(e.name))
    : null;
  const updated = optimiser.update({
    m,
    parameters: 'parameters',
    gradient,
    decay: 'decay',
    learningRate: learningRateFactors
      ? m.mul('learningRate', g.input('learningRateFactors', 'float32', [parameters.length]))
      : 'learningRate',
    step: 'step',
    state: optimiser.state,
  });
  const next = (name: string, value: string): void => g.output(value, `next.${name}`);
  next('parameters', updated.parameters);
  optimiser.state.forEach((name, i) => {
    next(name, updated.state[i]!);
  });

  const statistics = vectorLayout(
    forward.statistics.flatMap((s) => [describe(s.meanName), describe(s.varianceName)]),
  );
  let newStatistics: string | null = null;
  if (statistics.length > 0) {
    g.input('statistics', 'float32', [statistics.length]);
    newStatistics = runningAverages(m, forward, statistics);
    next('statistics', newStatistics);
  }
  if (options.movingAverage) {
    g.input('averageDecay', 'float32', []);
    const average = (name: string, value: string, length: number): void => {
      g.input(name, 'float32', [length]);
      // a ← value + decay·(a − value)
      next(name, m.add(value, m.mul(m.sub(name, value), 'averageDecay')));
    };
    average('average', updated.parameters, parameters.length);
    if (newStatistics) average('averageStatistics', newStatistics, statistics.length);
  }
  const hidden = updated.state.filter((_, i) => !optimiser.shown?.includes(optimiser.state[i]!));
  const vectors = [updated.parameters, ...hidden, ...(newStatistics ? [newStatistics] : [])];
  const sums = vectors.map((value) =>
    g.op('ReduceL1', [value, g.constant(int64([0]))], { keepdims: int(0) }),
  );
  g.node('Sum', sums, { outputs: ['magnitude'] });
  g.output('magnitude');
  const counted = emitWatch(m, watched);
  const built = g.build();
  return {
    model: lower(built, (value) => g.shape(value), options.target),
    parameters,
    statistics,
    optimiserState: optimiser.state,
    noise: forward.noise,
    learningRateFactors,
    classLabels: loss.classLabels?.(graph.outputs.map((o) => staticShape(g.shape(o.name)))) ?? [],
    watched: counted,
  };
}

function fixedShape(input: ValueInfo): readonly number[] {
  return input.shape.map((axis) =>
    typeof axis === 'number'
      ? axis
      : fail('SHAPE', {
          layer: input.name,
          operator: 'input',
          reason: `axis "${axis}" has no size; give it one in the option \`dimensions\``,
        }),
  );
}

/** Names of the running means and variances that stay as they are. */
function frozenStatistics(
  nodes: readonly OnnxNode[],
  choice: NonNullable<TrainingGraphOptions['freezeStatistics']>,
): ReadonlySet<string> {
  const chosen = typeof choice === 'function' ? choice : () => choice;
  const norms = nodes.filter((n) => n.op === 'BatchNormalization' && chosen(n.inputs[3]!));
  return new Set(norms.flatMap((n) => n.inputs.slice(3)));
}

/** Inputs that are settings of an operator rather than weights, by operator. */
const SETTINGS: Readonly<Record<string, readonly number[]>> = {
  Clip: [1, 2],
  Dropout: [0, 1],
  Pad: [2],
  Resize: [1, 2],
  QuantizeLinear: [1, 2],
  DequantizeLinear: [1, 2],
};

/** States that recurrent layers begin with, by operator. */
const STATES: Readonly<Record<string, readonly number[]>> = { LSTM: [5, 6], GRU: [5], RNN: [5] };

/**
 * Names of constants that never train. A recurrent layer's first state of zeros is one: exporters write it for a state that
 * nobody gave.
 */
function settingNames({ nodes, initializers }: OnnxModel['graph']): ReadonlySet<string> {
  const isZero = (name: string): boolean =>
    initializers.get(name)?.data.every((v: number | bigint) => Number(v) === 0) ?? false;
  return new Set(
    nodes.flatMap(({ op, inputs }) => [
      ...(SETTINGS[op] ?? []).map((i) => inputs[i] ?? ''),
      ...(STATES[op] ?? []).map((i) => inputs[i] ?? '').filter(isZero),
    ]),
  );
}

/** Cuts the flat vector into the tensors of the layout, under their own names. */
function splitVector(g: GraphBuilder, vector: string, layout: VectorLayout): void {
  const sizes = layout.entries.map((e) => e.length);
  const flat = layout.entries.map((e) => `${e.name}/flat`);
  if (sizes.length === 1) g.node('Identity', [vector], { outputs: flat });
  else g.node('Split', [vector, g.constant(int64(sizes))], { outputs: flat, attributes: { axis: int(0) } });
  layout.entries.forEach((e, i) => {
    g.node('Reshape', [flat[i]!, g.constant(int64(e.shape))], {
      outputs: [e.name],
      attributes: { allowzero: int(1) },
    });
  });
}

function clipByNorm(m: Arithmetic, gradient: string, bound: number): string {
  const norm = m.g.op('Sqrt', [
    m.g.op('ReduceSumSquare', [gradient, m.g.constant(int64([0]))], { keepdims: int(0) }),
  ]);
  const factor = m.g.op('Min', [m.scalar(1), m.div(m.scalar(bound), m.add(norm, m.scalar(1e-6)))]);
  return m.mul(gradient, factor);
}

/**
 * running ← momentum·running + (1 − momentum)·batch; the variance is made unbiased by n/(n − 1), as PyTorch does
 * (ONNX's own training mode keeps it biased).
 */
function runningAverages(m: Arithmetic, forward: ForwardContext, layout: VectorLayout): string {
  const keep = new Float32Array(layout.length);
  const gain = new Float32Array(layout.length);
  let at = 0;
  for (const s of forward.statistics) {
    const channels = staticShape(m.g.shape(s.mean))[0]!;
    keep.fill(s.momentum, at, at + 2 * channels);
    gain.fill(1 - s.momentum, at, at + channels);
    gain.fill((1 - s.momentum) * (s.count / Math.max(1, s.count - 1)), at + channels, at + 2 * channels);
    at += 2 * channels;
  }
  const batch = m.g.op(
    'Concat',
    forward.statistics.flatMap((s) => [s.mean, s.variance]),
    { axis: int(0) },
  );
  const constant = (data: Float32Array): string =>
    m.g.constant({ dtype: 'float32', shape: [data.length], data });
  return m.add(m.mul('statistics', constant(keep)), m.mul(batch, constant(gain)));
}
