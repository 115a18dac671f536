/**
 * A search strategy proposes genomes from the history (Elsken et al. 2019). It sees genomes and measures only.
 *
 * `suggest` is a pure function: the same request gives the same genome, and nothing is remembered between calls.
 * Resume, replay and parallel workers therefore need nothing from a strategy.
 */
import type { Network } from '../network/network.ts';
import type { Random } from '../random.ts';
import type { Genome } from '../space/genome.ts';
import type { SearchSpace } from '../space/space.ts';

/** Where a finished trial stands as a strategy sees it. */
export interface Observation {
  /** Of the trial, from 0; negative of trials of earlier studies. */
  readonly number: number;
  /** What was evaluated. */
  readonly genome: Genome;
  /** Canonical hash: equal for genomes that build the same network. */
  readonly hash: string;
  /** `pruned`: ended on purpose before its evaluation was over; `failed`: it went wrong. */
  readonly state: 'complete' | 'pruned' | 'failed';
  /** Objective values in the request's order, all to be MAXIMISED (signs already turned); null unless complete. */
  readonly values: readonly number[] | null;
  /** True when every constraint holds. */
  readonly feasible: boolean;
  /**
   * By how much constraints are broken: Σ ln(measure/max) over the broken ones (Deb 2000); 0 or absent when none is.
   * Also of trials that were pruned because of a bound before they were trained.
   */
  readonly violation?: number;
  /**
   * The largest ln(measure/max) over the constraints whose measures are known: negative when all hold. Absent without
   * constraints.
   */
  readonly margin?: number;
  /** Everything that was measured, by name, in the units of `Measures`. */
  readonly measures?: Readonly<Record<string, number>>;
  /**
   * The level of the request's `fidelities`, from 0, that the trial was evaluated at. Values of two levels do not
   * compare.
   */
  readonly fidelity: number;
  /** True where its training was stopped early: its values are those of a shorter one. */
  readonly stopped?: boolean;
}

/** A trial that was proposed and has no result yet. */
export interface RunningTrial {
  /** Of the trial, from 0. */
  readonly number: number;
  /** What is being evaluated. */
  readonly genome: Genome;
  /** As `Observation.hash`. */
  readonly hash: string;
  /** As `Observation.fidelity`. */
  readonly fidelity: number;
}

/** What is known of a candidate before it is evaluated. */
export interface Inspected {
  /** As `Observation.hash`. */
  readonly hash: string;
  /** Not to be changed. */
  readonly network: Network;
  /**
   * params, macs (of one image) and memoryBytes of the network as it is deployed, trainingMacs, and what else the
   * study foresees.
   */
  readonly measures: Readonly<Record<string, number>>;
}

/** A score of a candidate that costs next to nothing beside its evaluation (Abdelfattah et al. 2021). */
export interface ZeroCostProxy {
  /** Names the score in reports; unique in a study. */
  readonly name: string;
  /** Any finite number, or NaN where it cannot be computed. Whether more is better is for the data to tell. */
  readonly score: (genome: Genome) => number;
  /** So many candidates are worth scoring for one choice, where a score takes time; any number when absent. */
  readonly most?: number;
}

/** The next trial: a genome, and the level of `fidelities` to evaluate it at (the highest when absent). */
export interface Proposal {
  /** Of the request's space. */
  readonly genome: Genome;
  /** From 0; the highest when absent. */
  readonly fidelity?: number;
  /**
   * How the strategy came to it, in a few words: `predicted`, `bred`, `start: random`; what follows in brackets is detail.
   * Kept with the trial, so that {@link Strategy.explain} tells what was done and not what should have been.
   */
  readonly note?: string;
}

/** All that a strategy may know when it proposes a trial. */
export interface SuggestRequest {
  /** What is searched. */
  readonly space: SearchSpace;
  /** Finished trials in order of their number. */
  readonly history: readonly Observation[];
  /** Trials that were proposed and whose results the strategy may not know of yet, by number. */
  readonly running: readonly RunningTrial[];
  /** How many objectives `values` hold, ≥ 1. */
  readonly objectives: number;
  /**
   * What an evaluation costs at each level, ascending (epochs, or any unit of resource): `[1]` when there is but one.
   * Only proposals at the highest level count as results; lower ones are cheap hints.
   */
  readonly fidelities: readonly number[];
  /** Cheap scores; often none. */
  readonly proxies: readonly ZeroCostProxy[];
  /** A stream of this trial's own. */
  readonly random: Random;
  /**
   * True when the genome may be proposed: it can be built, meets every bound known before training, and was not
   * proposed before. Strategies call it to reject while proposing; it is cached and cheap to repeat.
   */
  readonly accept: (genome: Genome) => boolean;
  /** The network of a valid genome and its cost; null when it cannot be built. Some milliseconds at most; cached for a while. */
  readonly inspect: (genome: Genome) => Inspected | null;
  /** Every genome that can be built and meets the bounds, proposed or not, where they can be listed; the same array each time. */
  readonly listed: () => readonly Genome[] | null;
  /**
   * A random acceptable genome: each decision uniform where the bounds are easily met, else walked downhill into them;
   * null when none was found.
   */
  readonly draw: (random: Random) => Genome | null;
}

/** What a strategy's explanation depends on. */
export interface SearchFacts {
  /** Trials of the search. */
  readonly trials: number;
  /** Number of objectives. */
  readonly objectives: number;
  /** Names of the cheap scores. */
  readonly proxies: readonly string[];
  /** Well-known members that the space names. */
  readonly references: number;
  /** The notes of the proposals that had one, in the order of the trials; absent where they were not kept. */
  readonly notes?: readonly string[];
}

/**
 * A search strategy: names the next trial from the history and the trials that run. `suggest` changes nothing, and the
 * same request gives the same proposal.
 */
export interface Strategy {
  /** As in `STRATEGIES`; kept with the study. */
  readonly name: string;
  /** One sentence for `--help` and the report, with the paper. */
  readonly description: string;
  /** True when its proposals do not depend on the seed. */
  readonly seedless?: boolean;
  /** How many fidelities it makes use of; one when absent. */
  readonly levels?: number;
  /**
   * The next trial, or null when the space is exhausted (nothing acceptable found). A genome must be acceptable, unless it
   * was seen before at a lower level and is now promoted to a higher one.
   */
  suggest(request: SuggestRequest): Proposal | null;
  /**
   * Works out in steps what the suggestion of this request would otherwise do at once and only once, such as the features
   * of a whole list: whoever asks may let other work have its turn between two steps, or never ask again. It yields the
   * share that is done, 0..1. A caller need not call it.
   */
  prepare?(request: SuggestRequest): Iterable<number>;
  /** What it did in a search of so many trials and why, in sentences for the report; only where that depends on the search. */
  explain?(facts: SearchFacts): string;
}
