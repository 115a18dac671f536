/** Strategies that learn a policy over the decisions from the rewards of the trials. */
import type { Random } from '../random.ts';
import { drawGuided } from '../space/guided-draw.ts';
import {
  type Controller,
  chances,
  type Decisions,
  firstController,
  firstState,
  nextState,
} from './controller.ts';
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
const REMEMBERED = 300;

/** What was decided, and how good it was: about standard normal. */
export interface Reward {
  readonly decisions: Decisions;
  readonly reward: number;
}

interface Learning {
  readonly name: string;
  readonly description: string;
  /** Changes the controller. */
  readonly learn: (controller: Controller, trials: readonly Reward[]) => void;
}

/** The controller is learnt anew from the history before each proposal: nothing is remembered. */
export const policyStrategy = ({ name, description, learn }: Learning): Strategy => ({
  name,
  description,
  suggest(request) {
    const { space, random } = request;
    const slots = decisionSlots(space);
    const trials = rewards(request, slots);
    if (trials.length < START) return proposalOr(request, null);
    const controller = firstController(slots.map(({ outcomes }) => outcomes ?? STEPS));
    learn(controller, trials);
    const slotOf = new Map(slots.map(({ path }, k) => [path, k]));
    return proposalOr(
      request,
      firstAcceptable(request, () => {
        let state = firstState();
        const pick = (path: string): number => {
          const slot = slotOf.get(path)!;
          const outcome = drawn(chances(controller, slot, state), random);
          state = nextState(controller, state, slot, outcome);
          return outcome;
        };
        return drawGuided(space, { pick, place: (path) => (pick(path) + random.next()) / STEPS });
      }),
    );
  },
});

function drawn(probabilities: Float64Array, random: Random): number {
  let left = random.next();
  for (let i = 0; i < probabilities.length; i++) {
    left -= probabilities[i]!;
    if (left < 0) return i;
  }
  return probabilities.length - 1;
}

/** Slots stand in the order in which a genome is drawn; those that it does not take are left out. */
function rewards(
  { space, history, objectives }: SuggestRequest,
  slots: ReturnType<typeof decisionSlots>,
): Reward[] {
  const complete = comparable(history, START).slice(-REMEMBERED);
  const scores = normalScores(objectives === 1 ? byValue(complete) : byRank(complete));
  return complete.map((o, i) => {
    const decisions: { slot: number; outcome: number }[] = [];
    for (const [slot, value] of decisionValues(space, o.genome).entries())
      if (value >= 0)
        decisions.push({
          slot,
          outcome: slots[slot]!.outcomes === null ? Math.min(STEPS - 1, Math.floor(value * STEPS)) : value,
        });
    return { decisions, reward: scores[i]! };
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
