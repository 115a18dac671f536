/**
 * Post-training quantisation: a float model and some of the data that it will meet become a model whose products run
 * in 8-bit integers.
 */
import { fail } from '../errors.ts';
import type { OnnxModel } from '../onnx/model.ts';
import { floatScopes } from '../onnx/precision.ts';
import { correctBiases, measureShifts, type Shifts } from './bias-correction.ts';
import { CALIBRATORS, type CalibrationMethod } from './calibration/index.ts';
import { type Feeds, type Observation, type ObserveOptions, observe } from './calibration/observe.ts';
import { equalise } from './equalise.ts';
import { insertQdq } from './insert-qdq.ts';
import { modernOpset } from './opset.ts';
import { planQuantisation, type QuantisationPlan } from './plan.ts';
import { prepareModel } from './prepare.ts';
import { affineValues, type Ranges } from './ranges.ts';
import { TARGETS, type TargetName } from './targets.ts';

/** Target, calibration and corrections of post-training quantisation. */
export interface QuantiseOptions {
  /** Who will run the model; ONNX Runtime's CPU provider by default. */
  readonly target?: TargetName;
  /** How ranges of activations are chosen; `mse` by default. */
  readonly method?: CalibrationMethod;
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
  /** Take the mean error that rounded weights make off the biases (Nagel et al. 2019); true by default. */
  readonly biasCorrection?: boolean;
}

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

/** What calibration data tell about a model, from which it can be quantised in several ways. */
export interface Calibration {
  /** In prepared form; all further names are of this model. */
  readonly model: OnnxModel;
  /** What was seen of each activation, by value name. */
  readonly observations: ReadonlyMap<string, Observation>;
  /** Mean error of each layer's outputs by rounded weights; empty without bias correction. */
  readonly shifts: Shifts;
  /** Largest magnitude of an integer weight: 127, or 63 with `reducedWeights`. */
  readonly limit: number;
}

/** Scopes that stay in float: by choice of the caller and of the model's own metadata. */
export const staysFloat = (model: OnnxModel, { keepFloat }: QuantiseOptions): ReadonlySet<string> =>
  new Set([...(keepFloat ?? []), ...floatScopes(model)]);

const limitOf = (options: QuantiseOptions): number => (options.reducedWeights ? 63 : 127);

/**
 * Runs the float model over the batches and keeps what quantisation needs of it: the extremes and histograms of
 * activations, and the mean errors that rounded weights make.
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
  if (model.graph.nodes.some((n) => n.op === 'DequantizeLinear' || n.op === 'DynamicQuantizeLinear'))
    fail('NOT_QUANTISABLE', { reason: 'it is quantised already' });
  const plain = prepareModel(modernOpset(model));
  const prepared = options.equalise ? equalise(plain) : plain;
  const plan = planQuantisation(prepared.graph, new Set());
  if (!plan.units.some((unit) => unit.role === 'layer'))
    fail('NOT_QUANTISABLE', { reason: 'it has no convolution or matrix product with constant weights' });
  const running: ObserveOptions = { ...options, threads: options.threads ?? 1 };
  const constants = prepared.graph.initializers;
  // Also what only comes to be in integers when other layers stay in float.
  const values = [...plan.values].filter((v) => !constants.has(v));
  const observations = await observe(prepared, values, batches, running);
  const layers = plan.units.filter((u) => u.role === 'layer').map((u) => u.node);
  const limit = limitOf(options);
  const shifts =
    options.biasCorrection === false
      ? new Map<string, Float64Array>()
      : await measureShifts(prepared, layers, batches, limit, running);
  return { model: prepared, observations, shifts, limit };
}

/** The ranges that a method chooses. */
export function rangesOf({ observations }: Calibration, options: QuantiseOptions = {}): Ranges {
  const { activations } = TARGETS[options.target ?? 'onnxruntime'];
  const choose = CALIBRATORS[options.method ?? 'mse'];
  return new Map([...observations].map(([value, seen]) => [value, choose(seen, activations)]));
}

/**
 * The model in QDQ form: activations with one scale each, weights symmetric with a scale for each output channel
 * (Jacob et al. 2018, Krishnamoorthi 2018). Pure: equal calibrations and options give equal bytes. `equalise`,
 * `biasCorrection` and `reducedWeights` are the calibration's.
 * @param ranges instead of those that the method chooses
 */
export function quantiseCalibrated(
  calibration: Calibration,
  options: QuantiseOptions = {},
  ranges: Ranges = rangesOf(calibration, options),
): QuantisedModel {
  const target = TARGETS[options.target ?? 'onnxruntime'];
  const keepFloat = staysFloat(calibration.model, options);
  const first = planQuantisation(calibration.model.graph, keepFloat);
  const layers = new Set(first.units.map((unit) => unit.node));
  const model = correctBiases(calibration.model, layers, calibration.shifts);
  // The nodes are others now, their names the same.
  const plan = planQuantisation(model.graph, keepFloat);
  const affines = affineValues(model.graph, plan, ranges, target);
  return {
    model: insertQdq(model, plan, affines, { target, limit: calibration.limit }),
    layers: layersOf(plan),
  };
}

/**
 * Quantises a model: {@link calibrate}, then {@link quantiseCalibrated}.
 * @param model a float model, its batch norms not in training mode
 * @param batches calibration data: inputs by name; some hundred images suffice
 * @throws as `calibrate`
 */
export async function quantise(
  model: OnnxModel,
  batches: readonly Feeds[],
  options: QuantiseOptions & Partial<ObserveOptions> = {},
): Promise<QuantisedModel> {
  const extremesOnly = options.method === 'minMax';
  return quantiseCalibrated(await calibrate(model, batches, { ...options, extremesOnly }), options);
}

const layersOf = (plan: QuantisationPlan): QuantisedLayer[] => [
  ...plan.units.map(({ node }) => ({ name: node.name, op: node.op, integer: true, reason: null })),
  ...plan.float.map((layer) => ({ ...layer, integer: false })),
];
