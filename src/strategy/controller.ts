/**
 * A recurrent controller that decides one choice after another (Zoph & Le 2017): its state is a function of all decisions
 * so far, so that what is good here may depend on what was chosen there.
 *
 *   h₀ = 0, hₜ₊₁ = tanh(W·hₜ + E[decision t]), p(decision t) = softmax(V·hₜ + b)
 *
 * with rows of E and V and entries of b for each outcome of each slot. Trained by the gradient of the log-probability of
 * what was decided, times a weight, through time (Williams 1992; Werbos 1990).
 */
import { createRandom } from '../random.ts';

const HIDDEN = 12;
/** Scale of the first weights. */
const FIRST = 0.1;
/** Gradients longer than this are shortened to it (Pascanu et al. 2013). */
const LONGEST = 1;

export interface Controller {
  /** HIDDEN × HIDDEN. */
  readonly recurrent: Float64Array;
  /** One row of HIDDEN for each outcome of all slots, one slot after another. */
  readonly embeddings: Float64Array;
  readonly outputs: Float64Array;
  readonly biases: Float64Array;
  /** By slot: its first outcome. */
  readonly offsets: readonly number[];
  /** By slot: its outcomes. */
  readonly counts: readonly number[];
}

/** What was decided, in its order. */
export type Decisions = readonly { readonly slot: number; readonly outcome: number }[];

/** The same at the start of every search. */
export function firstController(counts: readonly number[]): Controller {
  const random = createRandom('controller');
  const total = counts.reduce((a, b) => a + b, 0);
  let at = 0;
  const normal = (length: number) => Float64Array.from({ length }, () => FIRST * random.normal());
  return {
    recurrent: normal(HIDDEN * HIDDEN),
    embeddings: normal(total * HIDDEN),
    // No preferences at first.
    outputs: new Float64Array(total * HIDDEN),
    biases: new Float64Array(total),
    offsets: counts.map((count) => {
      at += count;
      return at - count;
    }),
    counts,
  };
}

export const firstState = (): Float64Array => new Float64Array(HIDDEN);

/** Probabilities of a slot's outcomes in a state. */
export function chances({ outputs, biases, offsets, counts }: Controller, slot: number, state: Float64Array) {
  const logits = new Float64Array(counts[slot]!);
  for (let i = 0; i < logits.length; i++) {
    const row = (offsets[slot]! + i) * HIDDEN;
    let sum = biases[offsets[slot]! + i]!;
    for (let h = 0; h < HIDDEN; h++) sum += outputs[row + h]! * state[h]!;
    logits[i] = sum;
  }
  const highest = logits.reduce((a, b) => Math.max(a, b));
  const weights = logits.map((logit) => Math.exp(logit - highest));
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / total);
}

/** The state after a decision. */
export function nextState(
  { recurrent, embeddings, offsets }: Controller,
  state: Float64Array,
  slot: number,
  outcome: number,
): Float64Array {
  const row = (offsets[slot]! + outcome) * HIDDEN;
  const next = new Float64Array(HIDDEN);
  for (let h = 0; h < HIDDEN; h++) {
    let sum = embeddings[row + h]!;
    for (let k = 0; k < HIDDEN; k++) sum += recurrent[h * HIDDEN + k]! * state[k]!;
    next[h] = Math.tanh(sum);
  }
  return next;
}

export function logProbability(controller: Controller, decisions: Decisions): number {
  let state = firstState();
  let sum = 0;
  for (const { slot, outcome } of decisions) {
    sum += Math.log(chances(controller, slot, state)[outcome]!);
    state = nextState(controller, state, slot, outcome);
  }
  return sum;
}

/** One step along the gradient of `weight` · log p(decisions), of the given rate. Changes the controller. */
export function ascend(controller: Controller, decisions: Decisions, step: number): void {
  const { recurrent, embeddings, outputs, biases, offsets } = controller;
  const states = [firstState()];
  const errors = decisions.map(({ slot, outcome }, t) => {
    const p = chances(controller, slot, states[t]!);
    states.push(nextState(controller, states[t]!, slot, outcome));
    return p.map((chance, i) => (i === outcome ? 1 : 0) - chance);
  });
  const forRecurrent = new Float64Array(recurrent.length);
  const forEmbeddings = decisions.map(() => new Float64Array(HIDDEN));
  let back = new Float64Array(HIDDEN);
  for (let t = decisions.length - 1; t >= 0; t--) {
    const { slot } = decisions[t]!;
    const [before, after] = [states[t]!, states[t + 1]!];
    // Through tanh to what the decision added to the state, then to the state before.
    const inner = back.map((value, h) => value * (1 - after[h]! ** 2));
    forEmbeddings[t] = inner;
    back = new Float64Array(HIDDEN);
    for (let h = 0; h < HIDDEN; h++)
      for (let k = 0; k < HIDDEN; k++) {
        forRecurrent[h * HIDDEN + k] = forRecurrent[h * HIDDEN + k]! + inner[h]! * before[k]!;
        back[k] = back[k]! + recurrent[h * HIDDEN + k]! * inner[h]!;
      }
    for (const [i, error] of errors[t]!.entries()) {
      const row = (offsets[slot]! + i) * HIDDEN;
      for (let h = 0; h < HIDDEN; h++) back[h] = back[h]! + error * outputs[row + h]!;
    }
  }
  let square = 0;
  for (const value of forRecurrent) square += value * value;
  for (const row of forEmbeddings) for (const value of row) square += value * value;
  const length = Math.sqrt(square);
  const shortened = step * Math.min(1, LONGEST / (length || 1));
  for (let i = 0; i < recurrent.length; i++) recurrent[i] = recurrent[i]! + shortened * forRecurrent[i]!;
  for (const [t, { slot, outcome }] of decisions.entries()) {
    const own = (offsets[slot]! + outcome) * HIDDEN;
    for (let h = 0; h < HIDDEN; h++)
      embeddings[own + h] = embeddings[own + h]! + shortened * forEmbeddings[t]![h]!;
    for (const [i, error] of errors[t]!.entries()) {
      const at = offsets[slot]! + i;
      biases[at] = biases[at]! + step * error;
      for (let h = 0; h < HIDDEN; h++)
        outputs[at * HIDDEN + h] = outputs[at * HIDDEN + h]! + step * error * states[t]![h]!;
    }
  }
}
