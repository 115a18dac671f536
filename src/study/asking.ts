/**
 * Asks a strategy for what takes time: strategies are functions and cannot wait.
 *
 * Where a strategy wanted scores that are not there yet, or the list of a large space, these are computed and it is asked
 * again, until it wanted nothing more. As it is a pure function, only the last answer counts, and what it never looks at is
 * never computed. Scores are kept with the study: a resumed one has them already.
 */
import type { Network } from '../network/network.ts';
import type { Genome } from '../space/genome.ts';
import type { Json, StudyStorage } from '../storage/storage.ts';
import { inSlices } from '../strategy/in-slices.ts';
import type { Proposal, Strategy, SuggestRequest, ZeroCostProxy } from '../strategy/strategy.ts';
import type { Candidate, Candidates } from './candidates.ts';

/** A cheap score that takes some time. */
export interface Scorer {
  /** Names it in reports and in the storage; unique in a study. */
  readonly name: string;
  /** NaN where it cannot be computed; the same network always gives the same. */
  readonly score: (network: Network) => Promise<number>;
}

/** What of a request belongs together: strategies keep what they computed by the identity of these functions. */
export type View = Pick<SuggestRequest, 'proxies' | 'inspect' | 'listed'>;

/** How whoever asks takes part while an answer is worked out. */
export interface Waiting {
  /** Ends the work between two steps. */
  readonly signal?: AbortSignal;
  /** Told what takes long, and the share of it that is done, 0..1. */
  readonly onPreparing?: (what: string, share: number) => void;
}

export interface Asking {
  /**
   * The answer of a strategy that found all that it asked for.
   * @throws what the signal was aborted with
   */
  suggest(
    strategy: Strategy,
    requestOf: (view: View) => SuggestRequest,
    waiting?: Waiting,
  ): Promise<Proposal | null>;
}

/** So many candidates are worth scoring for one choice: a score costs up to a second, a look-up in a table nothing. */
const MOST = 40;
const artefactOf = (name: string): string => `score ${name}`;

/** @param proxies scores that are there at once */
export async function openAsking(
  scorers: readonly Scorer[],
  proxies: readonly ZeroCostProxy[],
  candidates: Candidates,
  storage: StudyStorage,
): Promise<Asking> {
  const known = new Map<Scorer, Map<string, number>>();
  for (const scorer of scorers) {
    const kept = (await storage.artefact(artefactOf(scorer.name))) as Readonly<Record<string, Json>> | null;
    // JSON has no NaN.
    const entries = Object.entries(kept ?? {}).map(
      ([hash, score]) => [hash, Number(score ?? Number.NaN)] as const,
    );
    known.set(scorer, new Map(entries));
  }
  const wanted = new Map<string, Candidate>();
  let listWanted = false;
  const listed = (): readonly Genome[] | null => {
    if (candidates.isListed()) return candidates.listed();
    listWanted = true;
    return null;
  };
  const scored = (scorer: Scorer): ZeroCostProxy => ({
    name: scorer.name,
    most: MOST,
    score: (genome) => {
      const candidate = candidates.of(genome);
      if (candidate === null) return Number.NaN;
      const score = known.get(scorer)!.get(candidate.networkHash);
      if (score === undefined) wanted.set(candidate.networkHash, candidate);
      return score ?? Number.NaN;
    },
  });
  /** Functions that no strategy has seen: what it computed from scores that were missing must not be found again. */
  const fresh = (): View => {
    let list: readonly Genome[] | null | undefined;
    return {
      proxies: [...proxies, ...scorers.map(scored)],
      inspect: (genome) => candidates.of(genome),
      listed: () => {
        if (list !== undefined) return list;
        const all = listed();
        const copy = all === null ? null : [...all];
        if (candidates.isListed()) list = copy;
        return copy;
      },
    };
  };
  const compute = async (): Promise<void> => {
    for (const scorer of scorers) {
      const scores = known.get(scorer)!;
      for (const [hash, { network }] of wanted)
        if (!scores.has(hash)) scores.set(hash, await scorer.score(network));
      const json = Object.fromEntries(
        [...scores].map(([hash, value]) => [hash, Number.isFinite(value) ? value : null]),
      );
      await storage.putArtefact(artefactOf(scorer.name), json);
    }
    wanted.clear();
  };

  let view = fresh();
  return {
    async suggest(strategy, requestOf, { signal, onPreparing } = {}) {
      for (;;) {
        const request = requestOf(view);
        await inSlices(strategy.prepare?.(request) ?? [], signal, (share) =>
          onPreparing?.('features of all networks of the space', share),
        );
        const proposal = strategy.suggest(request);
        if (wanted.size === 0 && !listWanted) return proposal;
        // Without the list it looked at other candidates than it will.
        if (listWanted) {
          await candidates.list(signal, (share) => onPreparing?.('list of all networks of the space', share));
          wanted.clear();
        }
        listWanted = false;
        if (wanted.size > 0) await compute();
        view = fresh();
      }
    },
  };
}
