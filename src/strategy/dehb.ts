import { drawGuided } from '../space/guided-draw.ts';
import { fresh } from './asynchronous-halving.ts';
import { roundOf } from './brackets.ts';
import { decisionSlots, decisionValues } from './decision-values.ts';
import { mirrored } from './mirrored.ts';
import { byCrowding, rankedBy } from './population.ts';
import { firstAcceptable } from './proposing.ts';
import { randomSearch } from './random.ts';
import { isComplete } from './ranking.ts';
import { promoted, proposedAt, ranked } from './rungs.ts';
import type { Observation, Proposal, Strategy, SuggestRequest } from './strategy.ts';

/** Scale of differences, and the share of decisions that a child takes from the mutant (Awad et al. 2021). */
const SCALE = 0.5;
const CROSSOVER = 0.5;
/** Parents that a mutant needs. */
const PARENTS = 3;
/** Members of a population, at least. */
const LEAST_MEMBERS = 9;
const LEVELS = 3;

/**
 * DEHB (Awad et al. 2021): the schedule of Hyperband, where only the first bracket promotes. Later, each level has a
 * population of its own that evolves by differential evolution (Storn & Price 1997): a mutant a + F·(b − c) of the best
 * trials of the level below is crossed with a member, and takes its place when it is better. The level of a trial depends
 * on nothing but how many there were, so that no worker waits.
 */
export const dehb: Strategy = {
  name: 'dehb',
  description: 'Hyperband whose later brackets evolve a population for each fidelity (Awad et al. 2021).',
  levels: LEVELS,
  suggest(request) {
    const { fidelities, history, running } = request;
    const round = roundOf(fidelities.length);
    const schedule = round.flatMap(({ first, sizes }) =>
      sizes.flatMap((size, k) => new Array<number>(size).fill(first + k)),
    );
    const index = history.length + running.length;
    const level = schedule[index % schedule.length]!;
    const firstBracket = round[0]!.sizes.reduce((a, b) => a + b, 0);
    if (index < firstBracket && level > 0) {
      const next = bestBelow(request, level);
      if (next !== null) return next;
    }
    const size = Math.max(LEAST_MEMBERS, ...round.map(({ first, sizes }) => sizes[level - first] ?? 0));
    return (index < firstBracket ? null : child(request, level, size)) ?? fresh(request, randomSearch, level);
  },
};

/** The best trial of the level below that was not promoted yet. */
function bestBelow(request: SuggestRequest, level: number): Proposal | null {
  const already = proposedAt(request, level);
  const next = ranked(request.history, level - 1).find((o) => isComplete(o) && !already.has(o.hash));
  return next === undefined ? null : promoted(next);
}

function child(request: SuggestRequest, level: number, size: number): Proposal | null {
  const { space, history, running, random } = request;
  const slots = decisionSlots(space);
  const at = (l: number) => history.filter((o) => o.fidelity === l && isComplete(o));
  const members = population(at(level), size);
  // The level below knows more genomes, and its best are what promotion would have brought here.
  const below = level === 0 ? members : rankedBy(at(level - 1), size, byCrowding);
  const parents = below.length >= PARENTS ? below : members;
  if (parents.length < (level === 0 ? size : PARENTS)) return null;
  const begun = [...history, ...running].filter((trial) => trial.fidelity === level).length;
  const target = members[begun % size] ?? parents[0]!;
  const vector = ({ genome }: Observation): Float64Array =>
    decisionValues(space, genome).map((value, k) => {
      const { outcomes } = slots[k]!;
      if (value < 0) return random.next();
      return outcomes === null ? value : (value + 0.5) / outcomes;
    });
  const genome = firstAcceptable(request, () => {
    const [a, b, c] = random.shuffle(parents).map(vector);
    const own = vector(target);
    const certain = random.int(Math.max(1, slots.length));
    const shares = new Map(
      slots.map(({ path }, k) => {
        const mutant = mirrored(a![k]! + SCALE * (b![k]! - c![k]!));
        return [path, k === certain || random.next() < CROSSOVER ? mutant : own[k]!];
      }),
    );
    return drawGuided(space, {
      pick: (path, count) => Math.min(count - 1, Math.floor(shares.get(path)! * count)),
      place: (path) => shares.get(path)!,
    });
  });
  return genome === null ? null : { genome, fidelity: level };
}

/** The members of a level: the first trials, each of the later ones in the place of a member that it beats, by turns. */
function population(trials: readonly Observation[], size: number): Observation[] {
  const members = trials.slice(0, size);
  for (const [i, trial] of trials.slice(size).entries()) {
    const place = i % size;
    if (rankedBy([trial, members[place]!], 1, byCrowding)[0] === trial) members[place] = trial;
  }
  return members;
}
