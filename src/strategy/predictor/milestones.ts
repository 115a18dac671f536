/**
 * Settings of the models are chosen anew when the history has grown by a quarter, on the trials that there were then: a
 * function of the history alone, so that a suggestion stays pure, and is worked out once for several suggestions.
 */
import { createRandom } from '../../random.ts';
import type { Observation, SuggestRequest } from '../strategy.ts';
import { featureMatrix } from './feature-matrix.ts';
import { rawFeatures } from './features.ts';
import { comparableTrials, learntTrials } from './learnt-set.ts';
import { listing, rowIn } from './listed-features.ts';
import { type Lesson, learnSettings, type ModelSettings } from './model.ts';
import { MOST_NEIGHBOURHOODS, withProxyBlock } from './pool.ts';
import { proxyCorrelation } from './proxy-columns.ts';
import { targetsOf } from './targets.ts';

const FIRST = 8;
const GROWTH = 1.25;

/** The largest milestone that so many trials have reached; all of them below the first. 8, 10, 12, 15, 18, 22, … */
export function milestone(trials: number): number {
  if (trials < FIRST) return trials;
  let at = FIRST;
  for (;;) {
    const next = Math.max(at + 2, Math.floor(GROWTH * at));
    if (next > trials) return at;
    at = next;
  }
}

export interface Milestone {
  /** Trials that it was learnt from. */
  readonly trials: number;
  /** By objective. */
  readonly settings: readonly ModelSettings[];
  /** Rank correlation of each proxy with the first objective over the trials that have it. */
  readonly proxies: readonly number[];
}

/** By study, the latest few: a history may be gone through again from its start. */
const known = new WeakMap<SuggestRequest['inspect'], Map<string, Milestone | null>>();
const KEPT = 16;

/** What was learnt at the last milestone; null while there are fewer than four comparable trials, or all of them are equal. */
export function lastMilestone(request: SuggestRequest): Milestone | null {
  const comparable = comparableTrials(request.history);
  const trials = learntTrials(comparable.slice(0, milestone(comparable.length)));
  let kept = known.get(request.inspect);
  if (kept === undefined) {
    kept = new Map();
    known.set(request.inspect, kept);
  }
  const key = JSON.stringify([
    request.proxies.map(({ name }) => name),
    trials.map(({ number, hash, values, feasible, fidelity }) => [number, hash, values, feasible, fidelity]),
  ]);
  const found = kept.get(key);
  if (found !== undefined) return found;
  const learnt = learn(request, trials);
  if (kept.size >= KEPT) kept.delete(kept.keys().next().value!);
  kept.set(key, learnt);
  return learnt;
}

const LEAST_TRIALS = 4;

function learn(request: SuggestRequest, all: readonly Observation[]): Milestone | null {
  const { features, known: rows, trials } = lessonRows(request, all);
  if (trials.length < LEAST_TRIALS) return null;
  const targets = targetsOf(trials);
  if (targets.every((column) => column.every((value) => value === column[0]))) return null;
  const random = createRandom(`milestone ${trials.length}`);
  return {
    trials: trials.length,
    settings: targets.map((column, k) =>
      learnSettings({ features, known: rows, targets: column }, random.split(k)),
    ),
    proxies: request.proxies.map((proxy) => proxyCorrelation(proxy, trials)?.correlation ?? 0),
  };
}

/** The trials as rows: of the listed space, else of a matrix of their own. Those outside of a listed space are left out. */
function lessonRows(
  request: SuggestRequest,
  trials: readonly Observation[],
): Pick<Lesson, 'features' | 'known'> & { readonly trials: readonly Observation[] } {
  const all = request.listed();
  if (all !== null) {
    const list = listing(request, all);
    const inside = trials.filter(({ genome }) => rowIn(list, request, genome) !== undefined);
    return {
      features: list.matrix,
      known: inside.map(({ genome }) => rowIn(list, request, genome)!),
      trials: inside,
    };
  }
  const genomes = trials.map(({ genome }) => genome);
  const matrix = featureMatrix(
    request.space,
    genomes.map((genome) => rawFeatures(request, genome)),
    { mostNeighbourhoods: MOST_NEIGHBOURHOODS },
  );
  return {
    features: withProxyBlock(matrix, request.proxies, genomes),
    known: [...genomes.keys()],
    trials,
  };
}
