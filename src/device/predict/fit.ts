/**
 * A predictor of latency: the sum over the work of a network's kernels, corrected by what neighbouring networks miss, with
 * an interval that needs no assumption about the errors.
 *
 * The interval comes from networks that were predicted by models fitted to the others (cross-conformal prediction, Vovk
 * 2015; Barber et al. 2021, CV+): the error that a stated share of them stays below, relative to the prediction. All of them
 * were timed within minutes, and a machine is not as fast tomorrow: so each error counts with several drifts added.
 */
import {
  type Coefficients,
  fitCoefficients,
  type Sample,
  SHRINKAGES,
  type Shrinkage,
} from './coefficients.ts';
import { USUAL_DRIFT } from './drift.ts';
import { corrected, fitResidual, type ResidualModel } from './residual.ts';
import { partsOf, type Work } from './work.ts';

export interface LatencyModel {
  readonly coefficients: Coefficients;
  /** Kinds of kernels that calibration has seen, also those that cost nothing. */
  readonly known: readonly string[];
  readonly residual: ResidualModel;
  /** Half the interval as a share of the prediction. */
  readonly relativeError: number;
  /** Share of networks whose latency lies in the interval, 0..1. */
  readonly confidence: number;
  /** What the interval allows for the machine's speed from one session to the next, a share. */
  readonly drift: number;
  /** What a network takes now over what it took when the machine was calibrated, as `device adjust` found; 1 by default. */
  readonly slowness?: number;
}

export interface Prediction {
  readonly ms: number;
  readonly lowMs: number;
  readonly highMs: number;
  /** Kinds of operators that calibration has never seen: they count as their family or as nothing, the interval does not hold. */
  readonly unknown: readonly string[];
}

const FOLDS = 5;
/** A network measured while something else ran must not decide, as in residual.ts. */
const LARGEST_ERROR = 0.2;
/** Nine values of equal probability: the middles of nine slices of a normal distribution. */
const SLICES = [-1.593, -0.967, -0.589, -0.282, 0, 0.282, 0.589, 0.967, 1.593];
/** Of the calibrated networks' features in the file. */
const DIGITS = 5;

const rounded = (values: readonly number[]): number[] => values.map((v) => Number(v.toPrecision(DIGITS)));

/**
 * @param samples 40 at least, in random order
 * @param drift standard deviation of the machine's speed from one session to the next, as a share (drift.ts)
 */
export function fitLatency(
  samples: readonly Sample[],
  confidence: number,
  drift: number = USUAL_DRIFT,
): LatencyModel {
  const { shrinkage, errors: unseen } = bestShrinkage(samples);
  const coefficients = fitCoefficients(samples, shrinkage);
  const { model: residual } = fitResidual(coefficients, samples);
  const errors = unseen
    .flatMap((error) => SLICES.map((z) => Math.abs(error + z * drift)))
    .sort((a, b) => a - b);
  // The (n + 1)-th share, which makes the coverage hold for the next network and not on average over these.
  const rank = Math.min(errors.length, Math.ceil((errors.length + SLICES.length) * confidence));
  return {
    coefficients,
    known: knownKinds(samples.map(({ work }) => work)),
    residual: { ...residual, points: rounded(residual.points) },
    relativeError: errors[rank - 1] ?? Number.POSITIVE_INFINITY,
    confidence,
    drift,
  };
}

/** The one whose models predict what they were not fitted to best, and their relative errors. */
function bestShrinkage(samples: readonly Sample[]): {
  readonly shrinkage: Shrinkage;
  readonly errors: readonly number[];
} {
  const candidates = SHRINKAGES.map((shrinkage) => ({ shrinkage, errors: unseenErrors(samples, shrinkage) }));
  return candidates.reduce((best, one) => (spread(one.errors) < spread(best.errors) ? one : best));
}

/** Mean square of the errors; of those that are as large as a disturbed measurement makes them only so much. */
const spread = (errors: readonly number[]): number =>
  errors.reduce((sum, error) => sum + Math.min(Math.abs(error), LARGEST_ERROR) ** 2, 0) / errors.length;

/** Of each network by a model that was fitted to the others. */
function unseenErrors(samples: readonly Sample[], shrinkage: Shrinkage): number[] {
  const { smoothness } = fitResidual(fitCoefficients(samples, shrinkage), samples);
  return Array.from({ length: FOLDS }, (_, fold) => {
    const rest = samples.filter((__, i) => i % FOLDS !== fold);
    const partial = fitCoefficients(rest, shrinkage);
    const predicted = corrected(partial, fitResidual(partial, rest, smoothness).model);
    return samples.filter((__, i) => i % FOLDS === fold).map(({ work, ms }) => ms / predicted(work) - 1);
  }).flat();
}

/** Names of kinds; a family of one kind bears its name. */
function knownKinds(works: readonly Work[]): string[] {
  return [...new Set(works.flatMap((work) => [...work.keys()].map((name) => partsOf(name).kind)))].sort();
}

/** What a model's predictions begin with, made once: a search asks for thousands. */
interface Prepared {
  readonly msOf: (work: Work) => number;
  /** The kind of an amount that calibration has never seen, or null. */
  readonly unknown: (name: string) => string | null;
}

const prepared = new WeakMap<LatencyModel, Prepared>();

function prepare(model: LatencyModel): Prepared {
  const before = prepared.get(model);
  if (before) return before;
  const known = new Set(model.known);
  const unknown = new Map<string, string | null>();
  const made: Prepared = {
    msOf: corrected(model.coefficients, model.residual),
    unknown: (name) => {
      let kind = unknown.get(name);
      if (kind === undefined) {
        kind = known.has(partsOf(name).kind) ? null : partsOf(name).kind;
        unknown.set(name, kind);
      }
      return kind;
    },
  };
  prepared.set(model, made);
  return made;
}

export function predictLatency(model: LatencyModel, work: Work): Prediction {
  const { msOf, unknown } = prepare(model);
  const ms = msOf(work) * (model.slowness ?? 1);
  const never = new Set<string>();
  const named = new Set<string>();
  for (const name of work.keys()) {
    const kind = unknown(name);
    if (kind === null) continue;
    never.add(kind);
    const { family, ofKind } = partsOf(name);
    if (ofKind) named.add(family);
  }
  return {
    ms,
    lowMs: Math.max(0, ms * (1 - model.relativeError)),
    highMs: ms * (1 + model.relativeError),
    // A family is told of by its kinds, where it has any.
    unknown: [...never].filter((kind) => !named.has(kind)).sort(),
  };
}
