import { fresh } from './asynchronous-halving.ts';
import { promoted, proposedAt, REDUCTION, ranked } from './rungs.ts';
import type { Observation, Proposal, RunningTrial, Strategy, SuggestRequest } from './strategy.ts';

const LEVELS = 3;

/** A successive halving: how many trials it runs at each level, from its first. */
interface Bracket {
  readonly first: number;
  readonly sizes: readonly number[];
}

/** The brackets of one round (Li et al. 2018): from many trials at the lowest level to few at the highest. */
export function roundOf(levels: number): readonly Bracket[] {
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
export const bracketed = ({ name, description, sampler, round }: Options): Strategy => ({
  name,
  description,
  levels: LEVELS,
  suggest(request) {
    const plan = round(request.fidelities.length);
    const begun = brackets(request, plan);
    for (const group of begun) {
      if (group.places > 0) return fresh(request, sampler, group.bracket.first);
      const next = halving(group);
      if (next !== null) return next;
    }
    return fresh(request, sampler, plan[begun.length % plan.length]!.first);
  },
});

/** A bracket that was begun, with its trials. */
interface Begun {
  readonly bracket: Bracket;
  /** New genomes that it still takes. */
  places: number;
  readonly history: Observation[];
  readonly running: RunningTrial[];
}

/** New genomes fill one bracket after the other in the order of their numbers; those at another level than its first stand apart. */
function brackets({ history, running }: SuggestRequest, plan: readonly Bracket[]): readonly Begun[] {
  const results = new Map(history.map((o) => [o.number, o]));
  const groups: Begun[] = [];
  const owners = new Map<string, Begun | null>();
  for (const trial of [...history, ...running].sort((a, b) => a.number - b.number)) {
    let owner = owners.get(trial.hash);
    if (owner === undefined) {
      owner = open(trial.fidelity);
      owners.set(trial.hash, owner);
    }
    const result = results.get(trial.number);
    if (result === undefined) owner?.running.push(trial);
    else owner?.history.push(result);
  }
  return groups;

  function open(level: number): Begun | null {
    const last = groups.at(-1);
    const bracket = last !== undefined && last.places > 0 ? last.bracket : plan[groups.length % plan.length]!;
    if (bracket.first !== level) return null;
    const group =
      last?.bracket === bracket && last.places > 0
        ? last
        : { bracket, places: bracket.sizes[0]!, history: [], running: [] };
    if (group !== last) groups.push(group);
    group.places--;
    return group;
  }
}

/** The bracket's next promotion; null while results are awaited, or when it is finished. */
function halving({ bracket: { first, sizes }, history, running }: Begun): Proposal | null {
  for (let k = 1; k < sizes.length; k++) {
    const level = first + k - 1;
    const rung = history.filter((o) => o.fidelity === level);
    if (rung.length < sizes[k - 1]!) return null;
    const already = proposedAt({ history, running }, level + 1);
    const winners = ranked(rung, level).slice(0, sizes[k]!);
    const next = winners.find((o) => o.state === 'complete' && !already.has(o.hash));
    if (next !== undefined) return promoted(next);
    // A rung of failed trials sends fewer on, and the bracket ends there.
    if (winners.some((o) => o.state !== 'complete')) return null;
  }
  return null;
}
