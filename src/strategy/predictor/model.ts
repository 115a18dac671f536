/** Models of what a candidate is worth, behind one function: fitted to known rows of a matrix, asked for others. */
import type { Random } from '../../random.ts';
import type { BlockName, FeatureMatrix } from './feature-matrix.ts';
import {
  type Forest,
  type ForestOptions,
  fitForest,
  outOfBag,
  type Prediction,
  predictForest,
  type View,
} from './forest.ts';
import {
  chooseSettings,
  fitGaussianProcess,
  type KernelSettings,
  leaveOneOut,
  predictProcess,
  processMeans,
} from './gaussian-process.ts';
import { rankCorrelation } from './rank-correlation.ts';

/** What was learnt about the models themselves on an earlier part of the history (milestones.ts). */
export interface ModelSettings {
  readonly kernel: KernelSettings;
  /** Share of the Gaussian process in what both say, 0 … 1. */
  readonly processShare: number;
  /** Rank correlation of each with results that it had not seen, −1 … 1. */
  readonly processCorrelation: number;
  readonly forestCorrelation: number;
}

export interface Lesson {
  readonly features: FeatureMatrix;
  /** Rows whose targets are known, in the order of the trials; a row may stand there twice. */
  readonly known: readonly number[];
  /** About standard normal. */
  readonly targets: readonly number[];
  /** Chosen for these targets when absent. */
  readonly settings?: ModelSettings;
}

/** Mean and deviation at rows, in the unit of the targets. */
export interface Surrogate {
  /** For thousands of rows: which deserve a second look. */
  readonly screen: (rows: Int32Array) => Prediction;
  /** For some hundred rows. */
  readonly refine: (rows: Int32Array) => Prediction;
}

export type Model = (lesson: Lesson, random: Random) => Surrogate;

/** Trees never claim to be sure: among few rows all of them may agree. */
const LEAST_DEVIATION = 0.05;
const TREES = 40;
/** Trees that say which of thousands of rows all trees should look at. */
const SCREENING_TREES = 16;
/** Trees of a single draw of the function (see {@link drawnForest}). */
const DRAWN_TREES = 5;

/**
 * Cost and proxies are few columns beside hundreds, and often the most telling: every node may split by them. But half of
 * the trees see no proxies, so that useless ones cannot mislead all.
 */
function forestOptions({ blocks }: FeatureMatrix): Omit<ForestOptions, 'trees'> {
  const columnsOf = (wanted: (name: BlockName) => boolean): number[] =>
    blocks
      .filter(({ name }) => wanted(name))
      .flatMap(({ from, to }) => Array.from({ length: to - from }, (_, k) => from + k));
  const columns = columnsOf((name) => name !== 'proxies');
  const cost = columnsOf((name) => name === 'cost');
  const proxies = columnsOf((name) => name === 'proxies');
  const plain: View = { columns, always: cost };
  const views = proxies.length === 0 ? [plain] : [{ columns, always: [...cost, ...proxies] }, plain];
  return { columnShare: 0.1, mostColumns: 32, views, minSplit: 2, rowShare: 0.8 };
}

const grow = ({ features, known, targets }: Lesson, trees: number, random: Random): Forest =>
  fitForest(features, known, targets, { trees, ...forestOptions(features) }, random);

export const forestModel: Model = (lesson, random) => {
  const forest = grow(lesson, TREES, random);
  const predictBy =
    (trees: Forest['trees']) =>
    (rows: Int32Array): Prediction => {
      const { mean, deviation } = predictForest({ trees }, lesson.features, rows);
      return { mean, deviation: deviation.map((d) => Math.hypot(d, LEAST_DEVIATION)) };
    };
  return { screen: predictBy(forest.trees.slice(0, SCREENING_TREES)), refine: predictBy(forest.trees) };
};

/**
 * A few trees as one draw from what the function may be (Thompson 1933): their mean is the draw, the same function for all
 * rows, where a draw for each row by itself would only find the row with the most luck.
 */
export const drawnForest: Model = (lesson, random) => {
  const forest = grow(lesson, DRAWN_TREES, random);
  const predict = (rows: Int32Array): Prediction => ({
    ...predictForest(forest, lesson.features, rows),
    deviation: new Float64Array(rows.length),
  });
  return { screen: predict, refine: predict };
};

export const processModel: Model = ({ features, known, targets, settings }) => {
  const kernel = settings?.kernel ?? chooseSettings(features, known, targets);
  const gp = fitGaussianProcess(features, known, targets, kernel);
  return {
    screen: (rows) => ({
      mean: processMeans(gp, features, known, rows),
      deviation: new Float64Array(rows.length),
    }),
    refine: (rows) => predictProcess(gp, features, known, rows),
  };
};

/**
 * Forest and Gaussian process together, each by the share that it deserves: the forest looks at all rows, both at the
 * most promising ones; their disagreement counts as deviation.
 */
export const ensembleModel: Model = (lesson, random) => {
  const settings = lesson.settings ?? learnSettings(lesson, random.split('settings'));
  const forest = forestModel(lesson, random);
  const process = processModel({ ...lesson, settings }, random);
  const share = settings.processShare;
  return {
    screen: forest.screen,
    refine: (rows) => {
      const [a, b] = [process.refine(rows), forest.refine(rows)];
      return {
        mean: a.mean.map((mean, i) => share * mean + (1 - share) * b.mean[i]!),
        deviation: a.deviation.map((deviation, i) =>
          Math.sqrt(
            share * deviation ** 2 +
              (1 - share) * b.deviation[i]! ** 2 +
              share * (1 - share) * (a.mean[i]! - b.mean[i]!) ** 2,
          ),
        ),
      };
    },
  };
};

/** Trials' worth of the belief that both models are equally good. */
const PRIOR_TRIALS = 10;
const LEAST_SHARE = 0.15;

/** Settings by what each model says of rows that it did not see: left out one by one, or out of the bag. */
export function learnSettings(lesson: Lesson, random: Random): ModelSettings {
  const { features, known, targets } = lesson;
  const kernel = chooseSettings(features, known, targets);
  const process = leaveOneOut(fitGaussianProcess(features, known, targets, kernel), targets);
  const forest = outOfBag(grow(lesson, TREES, random), features, known).map((v) => (Number.isNaN(v) ? 0 : v));
  const [a, b] = [meanSquare(process, targets), meanSquare(forest, targets)];
  const n = targets.length;
  // Steeper than by precision alone: of two models the much worse one only adds noise.
  const raw = b ** 2 / (a ** 2 + b ** 2 || 1);
  const share = (n * raw + PRIOR_TRIALS * 0.5) / (n + PRIOR_TRIALS);
  return {
    kernel,
    processShare: Math.min(1 - LEAST_SHARE, Math.max(LEAST_SHARE, share)),
    processCorrelation: rankCorrelation(process, targets),
    forestCorrelation: rankCorrelation(forest, targets),
  };
}

const meanSquare = (predicted: Float64Array, targets: readonly number[]): number =>
  predicted.reduce((sum, value, i) => sum + (value - targets[i]!) ** 2, 0) / targets.length;
