/**
 * Post-training quantisation: a float model and some of the data that it will meet become a model whose products run
 * in 8-bit integers.
 */
import { fail } from '../errors.ts';
import type { OnnxModel, OnnxNode, Tensor } from '../onnx/model.ts';
import { floatScopes } from '../onnx/precision.ts';
import { createRandom } from '../random.ts';
import { correctLayers, measureShifts, type Shifts } from './bias-correction.ts';
import { CALIBRATORS, type CalibrationMethod } from './calibration/index.ts';
import { type Feeds, type Observation, type ObserveOptions, observe } from './calibration/observe.ts';
import { equalise } from './equalise.ts';
import { indexGraph } from './graph.ts';
import { inputCovariances } from './input-covariance.ts';
import { insertQdq } from './insert-qdq.ts';
import { jointlyRounded } from './joint-rounding.ts';
import { modernOpset } from './opset.ts';
import { firstOutputs, noiseShare } from './output-noise.ts';
import { planQuantisation, type QuantisationPlan } from './plan.ts';
import { prepareModel } from './prepare.ts';
import { affineValues, type Ranges } from './ranges.ts';
import { TARGETS, type TargetName } from './targets.ts';
import { layerWeights } from './weights.ts';

/** Target, calibration and corrections of post-training quantisation. */
export interface QuantiseOptions {
  /** Who will run the model; ONNX Runtime's CPU provider by default. */
  readonly target?: TargetName;
  /**
   * How ranges of activations are chosen. `auto`, the default, tries every way and takes the one whose outputs differ
   * least from the float model's on the calibration data.
   */
  readonly method?: CalibrationMethod | 'auto';
  /**
   * How weights are rounded: `joint`, the default, so that what one rounding adds to an output the others take off
   * (Frantar et al. 2023), or each to the `nearest` integer.
   */
  readonly rounding?: 'joint' | 'nearest';
  /**
   * Names of layers, or of scopes of layers, that stay in float beside those that the model itself names; none by
   * default.
   */
  readonly keepFloat?: ReadonlySet<string>;
  /**
   * True: weights get 7 bits, for x86 processors without VNNI, whose 16-bit sums of products overflow with 8 (ONNX
   * Runtime, `reduce_range`). False by default.
   */
  readonly reducedWeights?: boolean;
  /**
   * Cross-layer equalisation first (Nagel et al. 2019); false by default: weights with a scale for each channel
   * seldom gain from it.
   */
  readonly equalise?: boolean;
  /** Take the mean error that rounding makes off the biases (Nagel et al. 2019); true by default. */
  readonly biasCorrection?: boolean;
}

/** The cheapest way: for models whose values do not matter, and for comparison. */
export const PLAIN = {
  method: 'minMax',
  rounding: 'nearest',
  biasCorrection: false,
} as const satisfies QuantiseOptions;

/** One operator that computes, and where it runs. */
export interface QuantisedLayer {
  /** Of the node. */
  readonly name: string;
  /** Its operator type. */
  readonly op: string;
  /** Whether it is written to run in 8-bit integers; whether it does, `inspectKernels` tells. */
  readonly integer: boolean;
  /** Why it stays in float; null for those in integers. */
  readonly reason: string | null;
}

/** A model in ONNX QDQ form and what became of each layer. */
export interface QuantisedModel {
  /** QuantizeLinear and DequantizeLinear around each quantised operator. */
  readonly model: OnnxModel;
  /** Those in integers first, then the others; each part in topological order. */
  readonly layers: readonly QuantisedLayer[];
}

/** What calibration data tell about a model: all that it takes to quantise it, or some of its layers. */
export interface Calibration {
  /** In prepared form; all further names are of this model. */
  readonly model: OnnxModel;
  /** Who will run it. */
  readonly target: TargetName;
  /** How the ranges were chosen. */
  readonly method: CalibrationMethod;
  /** What the integers of each activation cover, by value name. */
  readonly ranges: Ranges;
  /** Weights on the grid of their integers, by layer name; those that are missing are rounded to the nearest. */
  readonly weights: ReadonlyMap<string, Tensor>;
  /** Mean error of each layer's outputs by rounding; empty without bias correction. */
  readonly shifts: Shifts;
  /** Largest magnitude of an integer weight: 127, or 63 with `reducedWeights`. */
  readonly limit: number;
}

/** Scopes that stay in float: by choice of the caller and of the model's own metadata. */
export const staysFloat = (model: OnnxModel, { keepFloat }: QuantiseOptions): ReadonlySet<string> =>
  new Set([...(keepFloat ?? []), ...floatScopes(model)]);

const limitOf = (options: QuantiseOptions): number => (options.reducedWeights ? 63 : 127);

/** Of the batches: how weights are rounded and biases corrected needs fewer images than the ends of ranges do. */
const ROUNDING_SHARE = 1 / 4;
/** Of the batches: to see which ranges are best. */
const CHOICE_SHARE = 1 / 2;

const METHODS = Object.keys(CALIBRATORS) as CalibrationMethod[];

/** @throws NOT_QUANTISABLE when the model is quantised already */
export function demandFloat({ graph }: OnnxModel): void {
  if (graph.nodes.some(({ op }) => op === 'DequantizeLinear' || op === 'DynamicQuantizeLinear'))
    fail('NOT_QUANTISABLE', { reason: 'it is quantised already' });
}

/**
 * Runs the float model over the batches and keeps what quantisation needs of it: ranges of activations, rounded weights,
 * and the mean errors that rounding makes.
 * @param model operator set 13 or later, or 9 to 12 where its operators can be carried over
 * @param batches inputs by name, each batch once; some hundred images suffice
 * @throws NOT_QUANTISABLE when there are no data, the model is quantised already, of an older operator set, or has no
 *   product with constant weights; CALIBRATION when a value is not finite; MODEL_LOAD; what the signal was aborted
 *   with
 */
export async function calibrate(
  model: OnnxModel,
  batches: readonly Feeds[],
  options: QuantiseOptions & Partial<ObserveOptions> = {},
): Promise<Calibration> {
  if (batches.length === 0) fail('NOT_QUANTISABLE', { reason: 'there are no calibration data' });
  demandFloat(model);
  const plain = prepareModel(modernOpset(model));
  const prepared = options.equalise ? equalise(plain) : plain;
  const plan = planQuantisation(prepared.graph, new Set());
  const layers = plan.units.filter((u) => u.role === 'layer').map((u) => u.node);
  if (layers.length === 0)
    fail('NOT_QUANTISABLE', { reason: 'it has no convolution or matrix product with constant weights' });
  const { method = 'auto', target = 'onnxruntime', onProgress } = options;
  const correcting = options.biasCorrection !== false;
  const running = { threads: options.threads ?? 1, signal: options.signal };
  const constants = prepared.graph.initializers;
  // Also what only comes to be in integers when other layers stay in float.
  const values = [...plan.values].filter((v) => !constants.has(v));
  const observations = await observe(prepared, values, batches, {
    ...running,
    extremesOnly: method === 'minMax',
    onProgress: (done) => onProgress?.(OBSERVING * done),
  });
  const share = (of: number): readonly Feeds[] => batches.slice(0, Math.ceil(of * batches.length));
  const limit = limitOf(options);
  const weights =
    options.rounding === 'nearest'
      ? new Map<string, Tensor>()
      : await roundWeights(prepared, layers, share(ROUNDING_SHARE), {
          ...running,
          centred: correcting,
          limit,
        });

  const given = new Set(prepared.graph.inputs.map((input) => input.name));
  const calibrated = async (by: CalibrationMethod): Promise<Calibration> => {
    const ranges = rangesBy(by, target, observations, given);
    const affines = affineValues(prepared.graph, plan, ranges, TARGETS[target]);
    const rounding = { affines, weights, limit };
    const shifts = correcting
      ? await measureShifts(prepared, layers, share(ROUNDING_SHARE), rounding, running)
      : new Map<string, Float64Array>();
    return { model: prepared, target, method: by, ranges, weights, shifts, limit };
  };
  if (method !== 'auto') return calibrated(method);
  const judges = share(CHOICE_SHARE);
  const expected = await firstOutputs(prepared, judges, running);
  const keepFloat = staysFloat(prepared, options);
  let best: { readonly calibration: Calibration; readonly noise: number } | null = null;
  for (const [tried, by] of METHODS.entries()) {
    const calibration = await calibrated(by);
    const { model: candidate } = quantiseCalibrated(calibration, { keepFloat });
    const noise = noiseShare(expected, await firstOutputs(candidate, judges, running));
    if (best === null || noise < best.noise) best = { calibration, noise };
    onProgress?.(OBSERVING + (1 - OBSERVING) * ((tried + 1) / METHODS.length));
  }
  return best!.calibration;
}

/** Share of the work of a calibration that watching the activations is. */
const OBSERVING = 0.6;

async function roundWeights(
  model: OnnxModel,
  layers: readonly OnnxNode[],
  batches: readonly Feeds[],
  { limit, ...running }: ObserveOptions & { readonly centred: boolean; readonly limit: number },
): Promise<ReadonlyMap<string, Tensor>> {
  const covariances = await inputCovariances(model, layers, batches, createRandom('columns'), running);
  const graph = indexGraph(model.graph);
  return new Map(
    layers.flatMap((node) => {
      const blocks = covariances.get(node.name);
      return blocks === undefined
        ? []
        : [[node.name, jointlyRounded(layerWeights(node, graph), blocks, limit)]];
    }),
  );
}

/**
 * The ranges that a method chooses. What is given to the model keeps all that was seen: images are bytes, and the full
 * range meets their levels, where a narrower one falls between them.
 */
function rangesBy(
  method: CalibrationMethod,
  target: TargetName,
  observations: ReadonlyMap<string, Observation>,
  given: ReadonlySet<string>,
): Ranges {
  const { activations } = TARGETS[target];
  return new Map(
    [...observations].map(([value, seen]) => {
      const choose = CALIBRATORS[given.has(value) ? 'minMax' : method];
      return [value, choose(seen, activations)];
    }),
  );
}

/**
 * The model in QDQ form: activations with one scale each, weights symmetric with a scale for each output channel
 * (Jacob et al. 2018, Krishnamoorthi 2018). Pure: equal calibrations and options give equal bytes. All options but
 * `keepFloat` are the calibration's.
 */
export function quantiseCalibrated(
  calibration: Calibration,
  options: Pick<QuantiseOptions, 'keepFloat'> = {},
): QuantisedModel {
  const target = TARGETS[calibration.target];
  const keepFloat = staysFloat(calibration.model, options);
  const { model, plan } = correctedModel(calibration, keepFloat);
  const affines = affineValues(model.graph, plan, calibration.ranges, target);
  return {
    model: insertQdq(model, plan, affines, { target, limit: calibration.limit }),
    layers: layersOf(plan),
  };
}

/** The prepared model with the weights and biases that its integers will stand for, and its plan. */
export function correctedModel(
  calibration: Calibration,
  keepFloat: ReadonlySet<string>,
): { readonly model: OnnxModel; readonly plan: QuantisationPlan } {
  const { units } = planQuantisation(calibration.model.graph, keepFloat);
  const model = correctLayers(calibration.model, new Set(units.map((unit) => unit.node)), calibration);
  // The nodes are others now, their names the same.
  return { model, plan: planQuantisation(model.graph, keepFloat) };
}

/**
 * Quantises a model: {@link calibrate}, then {@link quantiseCalibrated}.
 * @param model a float model, its batch norms not in training mode
 * @param batches calibration data: inputs by name; some hundred images suffice
 * @throws as `calibrate`
 */
export const quantise = async (
  model: OnnxModel,
  batches: readonly Feeds[],
  options: QuantiseOptions & Partial<ObserveOptions> = {},
): Promise<QuantisedModel> => quantiseCalibrated(await calibrate(model, batches, options), options);

const layersOf = (plan: QuantisationPlan): QuantisedLayer[] => [
  ...plan.units.map(({ node }) => ({ name: node.name, op: node.op, integer: true, reason: null })),
  ...plan.float.map((layer) => ({ ...layer, integer: false })),
];
