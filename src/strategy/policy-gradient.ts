import { drawGuided } from '../space/guided-draw.ts';
import { decisionSlots, decisionValues } from './decision-values.ts';
import { byCrowding, rankedBy } from './population.ts';
import { normalScores } from './predictor/targets.ts';
import { firstAcceptable, proposalOr } from './proposing.ts';
import { comparable } from './ranking.ts';
import type { Observation, Strategy, SuggestRequest } from './strategy.ts';

/** Numbers are decided among so many steps of their range. */
const STEPS = 8;
const START = 8;
/** Trials that the policy is learnt from, at most: the latest. */
const REMEMBERED = 500;

/** Logits of each slot's outcomes. */
type Policy = readonly Float64Array[];

interface Learning {
  readonly name: string;
  readonly description: string;
  /** Moves the policy by rewards that are about standard normal. */
  readonly learn: (
    policy: Policy,
    trials: readonly { readonly taken: Int32Array; readonly reward: number }[],
  ) => void;
}

function probabilities(logits: Float64Array): Float64Array {
  const highest = logits.reduce((a, b) => Math.max(a, b));
  const weights = logits.map((logit) => Math.exp(logit - highest));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
}

/** One step of gradient ascent on the log-probability of what was taken, times the advantage. */
function ascend(policy: Policy, taken: Int32Array, step: number): void {
  for (const [k, logits] of policy.entries()) {
    const outcome = taken[k]!;
    if (outcome < 0) continue;
    const p = probabilities(logits);
    for (let i = 0; i < logits.length; i++) logits[i] = logits[i]! + step * ((i === outcome ? 1 : 0) - p[i]!);
  }
}

const logProbability = (policy: Policy, taken: Int32Array): number =>
  policy.reduce(
    (sum, logits, k) => (taken[k]! < 0 ? sum : sum + Math.log(probabilities(logits)[taken[k]!]!)),
    0,
  );

const policyStrategy = ({ name, description, learn }: Learning): Strategy => ({
  name,
  description,
  suggest(request) {
    const { space, random } = request;
    const slots = decisionSlots(space);
    const trials = lessons(request, slots);
    if (trials.length < START) return proposalOr(request, null);
    const policy = slots.map(({ outcomes }) => new Float64Array(outcomes ?? STEPS));
    learn(policy, trials);
    const chances = new Map(slots.map(({ path }, k) => [path, probabilities(policy[k]!)]));
    const pick = (path: string): number => {
      let left = random.next();
      const p = chances.get(path)!;
      for (let i = 0; i < p.length; i++) {
        left -= p[i]!;
        if (left < 0) return i;
      }
      return p.length - 1;
    };
    return proposalOr(
      request,
      firstAcceptable(request, () =>
        drawGuided(space, { pick, place: (path) => (pick(path) + random.next()) / STEPS }),
      ),
    );
  },
});

/** What was decided and how good it was. */
function lessons({ space, history, objectives }: SuggestRequest, slots: ReturnType<typeof decisionSlots>) {
  const complete = comparable(history, START).slice(-REMEMBERED);
  const rewards = normalScores(objectives === 1 ? byValue(complete) : byRank(complete));
  return complete.map((o, i) => {
    const values = decisionValues(space, o.genome);
    const taken = Int32Array.from(values, (value, k) =>
      value < 0 ? -1 : slots[k]!.outcomes === null ? Math.min(STEPS - 1, Math.floor(value * STEPS)) : value,
    );
    return { taken, reward: rewards[i]! };
  });
}

/** Infeasible trials as the worst. */
function byValue(trials: readonly Observation[]): number[] {
  const worst = trials.reduce((low, o) => Math.min(low, o.values![0]!), Number.POSITIVE_INFINITY);
  return trials.map((o) => (o.feasible ? o.values![0]! : worst));
}

function byRank(trials: readonly Observation[]): number[] {
  const place = new Map(rankedBy(trials, trials.length, byCrowding).map((o, i) => [o, -i]));
  return trials.map((o) => place.get(o)!);
}

const RATE = 0.15;

/** REINFORCE (Williams 1992; for architectures Zoph & Le 2017) with a softmax policy over the decisions. */
export const reinforce = policyStrategy({
  name: 'reinforce',
  description: 'A policy over the decisions learns from rewards (Williams 1992; Zoph & Le 2017).',
  learn: (policy, trials) => {
    for (const { taken, reward } of trials) ascend(policy, taken, RATE * reward);
  },
});

const BATCH = 16;
const PASSES = 4;
const CLIP = 0.2;

/** Proximal policy optimisation (Schulman et al. 2017): batches gone over several times, no further than the clip. */
export const ppo = policyStrategy({
  name: 'ppo',
  description: 'A policy over the decisions, learnt in batches with clipped steps (Schulman et al. 2017).',
  learn: (policy, trials) => {
    for (let from = 0; from < trials.length; from += BATCH) {
      const batch = trials.slice(from, from + BATCH);
      const before = batch.map(({ taken }) => logProbability(policy, taken));
      for (let pass = 0; pass < PASSES; pass++)
        for (const [i, { taken, reward }] of batch.entries()) {
          const ratio = Math.exp(logProbability(policy, taken) - before[i]!);
          if (reward > 0 ? ratio > 1 + CLIP : ratio < 1 - CLIP) continue;
          ascend(policy, taken, (RATE / 2) * reward * ratio);
        }
    }
  },
});
