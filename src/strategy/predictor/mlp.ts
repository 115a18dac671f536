/**
 * A small ensemble of multi-layer perceptrons (White et al. 2021, BANANAS), on a random projection of the features
 * (Johnson & Lindenstrauss 1984) so that its cost depends on the trials only.
 */
import type { Random } from '../../random.ts';
import type { FeatureMatrix } from './feature-matrix.ts';
import type { Prediction } from './forest.ts';
import type { Model } from './model.ts';

const MEMBERS = 4;
const INPUTS = 40;
const HIDDEN = 20;
const BATCH = 12;
/** Updates of each member, whatever the number of rows. */
const UPDATES = 300;
const LEARNING_RATE = 0.01;
const DECAY = 1e-4;

interface Perceptron {
  /** HIDDEN × (INPUTS + 1), the bias last. */
  readonly first: Float64Array;
  /** HIDDEN + 1. */
  readonly second: Float64Array;
}

/** The spread of the members is the deviation. */
export const perceptronModel: Model = ({ features, known, targets }, random) => {
  const project = projection(features, random.split('projection'));
  const inputs = known.map(project);
  const members = Array.from({ length: MEMBERS }, (_, m) =>
    train(inputs, targets, random.split('member', m)),
  );
  const predict = (rows: Int32Array): Prediction => {
    const mean = new Float64Array(rows.length);
    const deviation = new Float64Array(rows.length);
    const hidden = new Float64Array(HIDDEN);
    for (let i = 0; i < rows.length; i++) {
      const input = project(rows[i]!);
      const outputs = members.map((member) => forward(member, input, hidden));
      const average = outputs.reduce((a, b) => a + b, 0) / MEMBERS;
      mean[i] = average;
      deviation[i] = Math.sqrt(outputs.reduce((sum, y) => sum + (y - average) ** 2, 0) / (MEMBERS - 1));
    }
    return { mean, deviation };
  };
  return { screen: predict, refine: predict };
};

/** Projected rows of about unit variance per entry, with a final 1 for the bias. */
function projection({ rows, columns, values }: FeatureMatrix, random: Random): (row: number) => Float64Array {
  const scale = 1 / Math.sqrt(columns);
  const matrix = Float64Array.from({ length: INPUTS * columns }, () => scale * random.normal());
  return (row) => {
    const out = new Float64Array(INPUTS + 1);
    const own = Float64Array.from({ length: columns }, (_, j) => values[j * rows + row]!);
    for (let k = 0; k < INPUTS; k++) {
      let sum = 0;
      for (let j = 0; j < columns; j++) sum += matrix[k * columns + j]! * own[j]!;
      out[k] = sum;
    }
    out[INPUTS] = 1;
    return out;
  };
}

function forward({ first, second }: Perceptron, input: Float64Array, hidden: Float64Array): number {
  let output = second[HIDDEN]!;
  for (let h = 0; h < HIDDEN; h++) {
    let sum = 0;
    const offset = h * (INPUTS + 1);
    for (let k = 0; k <= INPUTS; k++) sum += first[offset + k]! * input[k]!;
    hidden[h] = Math.max(0, sum);
    output += second[h]! * hidden[h]!;
  }
  return output;
}

/** Squared error, Adam (Kingma & Ba 2015), the learning rate falling linearly to zero. */
function train(inputs: readonly Float64Array[], targets: readonly number[], random: Random): Perceptron {
  const first = Float64Array.from(
    { length: HIDDEN * (INPUTS + 1) },
    () => random.normal() * Math.sqrt(2 / INPUTS),
  );
  const second = Float64Array.from({ length: HIDDEN + 1 }, () => random.normal() * Math.sqrt(1 / HIDDEN));
  second[HIDDEN] = 0;
  const member = { first, second };
  const updateFirst = adam(first);
  const updateSecond = adam(second);
  const hidden = new Float64Array(HIDDEN);
  const gradientFirst = new Float64Array(first.length);
  const gradientSecond = new Float64Array(second.length);
  for (let update = 1; update <= UPDATES; update++) {
    gradientFirst.fill(0);
    gradientSecond.fill(0);
    for (let b = 0; b < BATCH; b++) {
      const at = random.int(inputs.length);
      const input = inputs[at]!;
      const error = (forward(member, input, hidden) - targets[at]!) / BATCH;
      gradientSecond[HIDDEN] = gradientSecond[HIDDEN]! + error;
      for (let h = 0; h < HIDDEN; h++) {
        if (hidden[h] === 0) continue;
        gradientSecond[h] = gradientSecond[h]! + error * hidden[h]!;
        const back = error * second[h]!;
        const offset = h * (INPUTS + 1);
        for (let k = 0; k <= INPUTS; k++)
          gradientFirst[offset + k] = gradientFirst[offset + k]! + back * input[k]!;
      }
    }
    const rate = LEARNING_RATE * (1 - (update - 1) / UPDATES);
    updateFirst(gradientFirst, rate, update);
    updateSecond(gradientSecond, rate, update);
  }
  return member;
}

function adam(weights: Float64Array): (gradient: Float64Array, rate: number, update: number) => void {
  const first = new Float64Array(weights.length);
  const second = new Float64Array(weights.length);
  return (gradient, rate, update) => {
    const [a, b] = [1 - 0.9 ** update, 1 - 0.999 ** update];
    for (let i = 0; i < weights.length; i++) {
      first[i] = 0.9 * first[i]! + 0.1 * gradient[i]!;
      second[i] = 0.999 * second[i]! + 0.001 * gradient[i]! ** 2;
      const step = first[i]! / a / (Math.sqrt(second[i]! / b) + 1e-8);
      weights[i] = weights[i]! - rate * (step + DECAY * weights[i]!);
    }
  };
}
