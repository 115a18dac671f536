import { fresh } from './asha.ts';
import { randomSearch } from './random.ts';
import { promoted, proposedAt, REDUCTION, ranked } from './rungs.ts';
import type { Observation, Proposal, Strategy, SuggestRequest } from './strategy.ts';
import { tpe } from './tpe.ts';

const LEVELS = 3;

/** A successive halving: how many trials it runs at each level, from its first. */
interface Bracket {
  readonly first: number;
  readonly sizes: readonly number[];
}

/** The brackets of one round (Li et al. 2018): from many trials at the lowest level to few at the highest. */
export function brackets(levels: number): readonly Bracket[] {
  return Array.from({ length: levels }, (_, i): Bracket => {
    const halvings = levels - 1 - i;
    const count = Math.ceil((levels / (halvings + 1)) * REDUCTION ** halvings);
    const sizes = Array.from({ length: halvings + 1 }, (__, k) => Math.floor(count / REDUCTION ** k));
    return { first: i, sizes };
  });
}

interface Options {
  readonly name: string;
  readonly description: string;
  readonly sampler: Strategy;
  readonly round: (levels: number) => readonly Bracket[];
}

/**
 * Brackets one after another, each found again from the order of the trials. While a rung's last results are awaited, the
 * next bracket begins: no worker is idle.
 */
const bracketed = ({ name, description, sampler, round }: Options): Strategy => ({
  name,
  description,
  levels: LEVELS,
  suggest(request) {
    const plan = round(request.fidelities.length);
    const results = new Map(request.history.map((o) => [o.number, o]));
    const trials = [...request.history, ...request.running].sort((a, b) => a.number - b.number);
    const seen = new Set<string>();
    /** New genomes in order: brackets take them from here. */
    const starts = trials.filter(({ hash }) => !seen.has(hash) && seen.add(hash));
    for (let b = 0, taken = 0; ; b++) {
      const bracket = plan[b % plan.length]!;
      const members = starts.slice(taken, taken + bracket.sizes[0]!);
      taken += members.length;
      if (members.length < bracket.sizes[0]!) return fresh(request, sampler, bracket.first);
      const next = halving(request, bracket, new Set(members.map((t) => t.hash)), results);
      if (next !== null) return next;
    }
  },
});

/** The bracket's next promotion; null while results are awaited, or when it is finished. */
function halving(
  request: SuggestRequest,
  { first, sizes }: Bracket,
  members: ReadonlySet<string>,
  results: ReadonlyMap<number, Observation>,
): Proposal | null {
  for (let k = 1; k < sizes.length; k++) {
    const level = first + k - 1;
    const rung = [...results.values()].filter((o) => o.fidelity === level && members.has(o.hash));
    if (rung.length < sizes[k - 1]!) return null;
    const already = proposedAt(request, level + 1);
    const winners = ranked(rung, level).slice(0, sizes[k]!);
    const next = winners.find((o) => o.state === 'complete' && !already.has(o.hash));
    if (next !== undefined) return promoted(next);
    // A rung of failed trials sends fewer on, and the bracket ends there.
    if (winners.some((o) => o.state !== 'complete')) return null;
  }
  return null;
}

/** Successive halving (Jamieson & Talwalkar 2016), one bracket after another. */
export const successiveHalving = bracketed({
  name: 'successive-halving',
  description: 'Many short trials, the best third of each rung goes on (Jamieson & Talwalkar 2016).',
  sampler: randomSearch,
  round: (levels) => brackets(levels).slice(0, 1),
});

/** Hyperband (Li et al. 2018): brackets from bold to cautious, since short trials may mislead. */
export const hyperband = bracketed({
  name: 'hyperband',
  description: 'Successive halving with brackets from bold to cautious (Li et al. 2018).',
  sampler: randomSearch,
  round: brackets,
});

/** BOHB (Falkner et al. 2018): Hyperband whose new genomes come from TPE. */
export const bohb = bracketed({
  name: 'bohb',
  description: 'Hyperband with new genomes by TPE (Falkner et al. 2018).',
  sampler: tpe,
  round: brackets,
});
