/**
 * A search strategy proposes genomes from the history (Elsken et al. 2019). It sees genomes and measures only.
 *
 * `suggest` is a pure function: the same request gives the same genome, and nothing is remembered between calls.
 * Resume, replay and parallel workers therefore need nothing from a strategy.
 */
import type { Random } from '../random.ts';
import type { Genome } from '../space/genome.ts';
import type { SearchSpace } from '../space/space.ts';

/** Where a finished trial stands as a strategy sees it. */
export interface Observation {
  readonly number: number;
  readonly genome: Genome;
  /** Canonical hash: equal for genomes that build the same network. */
  readonly hash: string;
  readonly state: 'complete' | 'pruned' | 'failed';
  /** Objective values in the request's order, all to be MAXIMISED (signs already turned); null unless complete. */
  readonly values: readonly number[] | null;
  /** True when every constraint holds. */
  readonly feasible: boolean;
}

export interface RunningTrial {
  readonly number: number;
  readonly genome: Genome;
  readonly hash: string;
}

export interface SuggestRequest {
  readonly space: SearchSpace;
  /** Finished trials in order of their number. */
  readonly history: readonly Observation[];
  readonly running: readonly RunningTrial[];
  /** How many objectives `values` hold. */
  readonly objectives: number;
  /** A stream of this trial's own. */
  readonly random: Random;
  /**
   * True when the genome may be proposed: it can be built, meets every bound known before training, and was not
   * proposed before. Strategies call it to reject while proposing; it is cached and cheap to repeat.
   */
  readonly accept: (genome: Genome) => boolean;
  /**
   * A random acceptable genome: each decision uniform where the bounds are easily met, else walked downhill into them;
   * null when none was found.
   */
  readonly draw: (random: Random) => Genome | null;
}

export interface Strategy {
  readonly name: string;
  /** One sentence for `--help` and the report, with the paper. */
  readonly description: string;
  /** The next genome, or null when the space is exhausted (nothing acceptable found). */
  suggest(request: SuggestRequest): Genome | null;
}
