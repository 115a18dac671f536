/** Strategies that walk from genome to neighbour, found again from the history since nothing is remembered. */
import { best, isComplete } from './ranking.ts';
import type { Observation } from './strategy.ts';

/** Where a walk stands: the trial it would step from, and how many trials it has gone on from there in vain. */
export interface Stand {
  readonly current: Observation | null;
  readonly stale: number;
}

/**
 * Replays a walk: each complete trial is taken as the next stand when `moves` says so; after `patience` trials without a
 * move the walk begins anew, and the next trial is a random one.
 */
export function replayWalk(
  history: readonly Observation[],
  patience: number,
  moves: (from: Observation, to: Observation, step: number) => boolean,
): Stand {
  let stand: Stand = { current: null, stale: 0 };
  let step = 0;
  for (const trial of history) {
    const { current, stale } = stand;
    const complete = isComplete(trial);
    if (current === null) stand = { current: complete ? trial : null, stale: 0 };
    else if (complete && moves(current, trial, step)) stand = { current: trial, stale: 0 };
    else stand = stale + 1 >= patience ? { current: null, stale: 0 } : { current, stale: stale + 1 };
    step = stand.current === null ? 0 : step + 1;
  }
  return stand;
}

/**
 * Replays a climb: after so many complete trials around the stand the best of them becomes the next one when it is
 * `better`; else the climb begins anew.
 */
export function replayClimb(
  history: readonly Observation[],
  neighbours: number,
  better: (from: Observation, to: Observation) => boolean,
): Pick<Stand, 'current'> {
  let current: Observation | null = null;
  let tried: Observation[] = [];
  for (const trial of history) {
    if (!isComplete(trial)) continue;
    if (current === null) current = trial;
    else tried.push(trial);
    if (tried.length < neighbours) continue;
    const next = best(tried);
    current = better(current, next) ? next : null;
    tried = [];
  }
  return { current };
}
