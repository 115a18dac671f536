/**
 * How a search spends its budget. Decided once, stored with the run, the same after a resume.
 *
 * All trials see the same number of images: with equal time, small networks would win that have learnt all they can, and
 * the final training would be spent on them. Without a time limit that number is given in epochs, and the same seed gives
 * the same table. With one, it is what a network of usual size manages in a trial's share of the clock; networks too large
 * for the final training to see the data often enough are not proposed.
 */

import { meanCostShare } from '../estimation/fidelity.ts';
import { LEAST_EARLIER } from '../estimation/stopping/rule.ts';
import { trainingOverhead } from '../estimation/training-speed.ts';
import { formatBytes, formatCount, formatMilliseconds, numberOf } from '../report/format.ts';
import { frontSize } from './front.ts';
import { epochWithInt8, type ImageCounts, int8OfTrial } from './int8-time.ts';
import type { SearchOptions } from './options.ts';

/** How a search spends its budget. Decided once, stored with the run, the same after a resume. */
export interface SearchPlan {
  /** Trials in all. */
  readonly trials: number;
  /** Trials at once. */
  readonly workers: number;
  /** Of a trial. */
  readonly threads: number;
  /** Of the final training. */
  readonly finalThreads: number;
  /** Of a trial. */
  readonly epochs: number;
  /** Of the final training; null to fill the time that is left. */
  readonly finalEpochs: number | null;
  /** Share of the training images that a trial sees, 0 < share ≤ 1. */
  readonly dataShare: number;
  /** Share of the images' side that a trial sees, 0 < share ≤ 1. */
  readonly resolution: number;
  /** Null without a time limit. */
  readonly time: {
    /** Seconds of training of a usual trial. */
    readonly trialSeconds: number;
    /** Seconds of all trials. */
    readonly searchSeconds: number;
    /** Seconds of the whole, data included. */
    readonly totalSeconds: number;
    /** Of these, kept for 8 bits at the end; not there in runs of before. */
    readonly int8Seconds?: number;
    /** Largest network that the final training has time for, in multiply-accumulates. */
    readonly maxMacs: number;
  } | null;
}

export interface PlanFacts {
  /** Genomes of the space; infinite for some. */
  readonly members: number;
  /** Multiply-accumulates of random members of the space, ascending. */
  readonly macs: readonly number[];
  /** Fidelities that the strategy makes use of. */
  readonly levels: number;
  readonly images: ImageCounts;
  /** Height × width of the images. */
  readonly pixels: number;
  readonly usableCores: number;
  /** Seconds that reading the data took. */
  readonly spentSeconds: number;
  /** Multiply-accumulates and overhead a second in training, one thread (estimation/training-speed.ts). */
  readonly speed: number;
}

const DEFAULT_TRIALS = 20;
/** Of the time that is left after reading the data. */
const SEARCH_SHARE = 0.4;
/** Of a space of one network, which only has to be seen to work: how fast it trains, and how fast it is. */
const NO_CHOICE_SHARE = 0.02;
/** Kept for test, export and report. */
const CLOSING_SHARE = 0.03;
const CLOSING_SECONDS = 4;
/** Of the search; the rest is latency, validation and start of the trials. */
const TRAINED_SHARE = 0.85;
/** Two threads are not twice as fast as one. */
const THREAD_EXPONENT = 0.7;

const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);

/** Of sorted values; 0 of none. */
const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.floor(share * sorted.length)] ?? 0;

/** Passes over the data below which a network is too large for the time: large sets need fewer. */
export const fewestEpochs = (images: number): number => clamp(Math.round(800_000 / images), 12, 30);

/** Mean size of the front's other members, as a share of the largest. */
const OTHERS_SIZE = 0.5;
/** No time is so short that nothing is tried: so much of the space always stays within the bound. */
const ALWAYS_ALLOWED = 0.1;
/** Trials are planned for a network of this place among those allowed: searches turn to the larger ones. */
const USUAL_PLACE = 0.75;
/**
 * Trials for the budget that would take one network through the shortest final training. With more budget both grow, the
 * number of trials and what each of them learns, until a trial is as long as that training; then only their number.
 */
const BASE_TRIALS = 5;
const FEWEST_TRIALS = 6;
const MOST_TRIALS = 60;

/** Of a trial's time, whatever else is done in it. */
const LEAST_TRAINED = 0.5;

/** Epochs that show a trend: about 60,000 images, at least two passes. */
const partialEpochs = (images: number): number => clamp(Math.ceil(60_000 / images), 2, 20);

export function planOf(options: SearchOptions, facts: PlanFacts): SearchPlan {
  const { threads } = options;
  const most = facts.members * facts.levels;
  const workers = options.workers ?? Math.max(1, Math.floor(facts.usableCores / threads));
  const finalThreads = Math.min(workers * threads, Math.max(threads, facts.usableCores));
  const shared = {
    workers,
    threads,
    finalThreads,
    dataShare: options.dataShare ?? 1,
    resolution: options.resolution ?? 1,
  };
  if (options.timeSeconds === null) {
    const epochs = options.epochs ?? partialEpochs(facts.images.train);
    const finalEpochs = options.finalEpochs ?? Math.max(10, 5 * epochs);
    const trials = options.trials ?? Math.min(Math.round(DEFAULT_TRIALS / meanCostShare(facts.levels)), most);
    return { ...shared, trials, epochs, finalEpochs, time: null };
  }
  const total = options.timeSeconds;
  const left = Math.max(1, total - facts.spentSeconds - CLOSING_SECONDS - CLOSING_SHARE * total);
  const searchSeconds = (facts.members === 1 ? NO_CHOICE_SHARE : SEARCH_SHARE) * left;
  const finalSeconds = left - searchSeconds;
  // The largest network is one of the front, whose others are smaller: half as large on the average.
  const ownSeconds = finalSeconds / (1 + (frontSize(options) - 1) * OTHERS_SIZE);
  const fewest = fewestEpochs(facts.images.train);
  const epochSeconds = options.int8
    ? epochWithInt8(facts.images, ownSeconds, fewest, options.maxDropPoints !== null)
    : ownSeconds / fewest;
  const cost = (epochSeconds * facts.speed * finalThreads ** THREAD_EXPONENT) / facts.images.train;
  const overhead = trainingOverhead(facts.pixels);
  const maxMacs = Math.max(cost - overhead, cost / 4, quantile(facts.macs, ALWAYS_ALLOWED));
  const allowed = facts.macs.filter((macs) => macs <= maxMacs);
  const usualMacs = Math.min(quantile(allowed, USUAL_PLACE), maxMacs);
  /** Passes over the data that a thread makes in a second. */
  const passRate = facts.speed / (usualMacs + overhead) / facts.images.train;
  /** More workers than cores take turns. */
  const turn = Math.min(1, facts.usableCores / workers);
  const trainings = (TRAINED_SHARE * searchSeconds * workers * turn * passRate) / fewest;
  const full = clamp(
    Math.round(Math.max(BASE_TRIALS * Math.sqrt(trainings), trainings)),
    FEWEST_TRIALS,
    MOST_TRIALS,
  );
  const trials = options.trials ?? Math.min(Math.round(full / meanCostShare(facts.levels)), most);
  const rounds = Math.ceil((trials * meanCostShare(facts.levels)) / workers);
  const trialSeconds = (TRAINED_SHARE * searchSeconds) / rounds;
  const passes = passesOf(trialSeconds, turn * passRate, options, facts.images);
  return {
    ...shared,
    trials,
    epochs: options.epochs ?? Math.max(1, Math.round(passes)),
    dataShare: options.dataShare ?? (options.epochs === null ? Math.min(1, passes) : 1),
    finalEpochs: options.finalEpochs,
    time: {
      trialSeconds,
      searchSeconds,
      totalSeconds: total,
      ...(options.int8 && { int8Seconds: finalSeconds * (1 - (epochSeconds * fewest) / ownSeconds) }),
      maxMacs,
    },
  };
}

/** Passes over the data that a trial has time for; in 8 bits it is quantised, judged and timed beside that. */
function passesOf(seconds: number, rate: number, { int8 }: SearchOptions, images: ImageCounts): number {
  if (!int8) return seconds * rate;
  const beside = int8OfTrial(images);
  return Math.max(LEAST_TRAINED * seconds * rate, (seconds - beside.seconds) * rate - beside.epochs);
}

/** How many times as long as a trial a final training takes, about; with a time limit it takes what is left. */
export function finalWork(plan: SearchPlan, levels: number): number {
  if (plan.time !== null || plan.finalEpochs === null) return 0;
  const trial = plan.epochs * plan.dataShare * plan.resolution ** 2 * meanCostShare(levels);
  return plan.finalEpochs / trial / (plan.finalThreads / plan.threads) ** THREAD_EXPONENT;
}

/** What the sentences about a plan name beside it. */
export interface PlanSubject {
  readonly space: { readonly name: string; readonly size: string | null };
  /** In words (data/describe-augmentation.ts). */
  readonly augmentation: string;
  readonly usableCores: number;
}

/** The plan in sentences. */
export function describePlan(
  plan: SearchPlan,
  options: SearchOptions,
  { space, augmentation, usableCores }: PlanSubject,
): string[] {
  const { time } = plan;
  const members = frontSize(options);
  const duration = (seconds: number): string =>
    seconds < 90 ? `${Math.round(seconds)} s` : `${(seconds / 60).toFixed(1)} min`;
  const bounds = [
    ...atMost(options.maxParams, formatCount, 'parameters'),
    ...atMost(options.maxMacs, formatCount, 'MACs'),
    ...atMost(options.maxMemoryBytes, formatBytes, 'of activations'),
    ...atMost(options.maxLatencyMs, formatMilliseconds, 'an image'),
    ...Object.entries(options.maxDeviceLatencyMs).flatMap(([device, max]) =>
      atMost(max, formatMilliseconds, `an image on ${device}`),
    ),
    ...atMost(options.maxSizeBytes, formatBytes, 'of model file'),
    ...atMost(options.maxPeakMemoryBytes, formatBytes, 'of memory'),
    ...Object.entries(options.maxDevicePeakMemoryBytes).flatMap(([device, max]) =>
      atMost(max, formatBytes, `of memory on ${device}`),
    ),
    ...atMost(time?.maxMacs ?? null, formatCount, 'MACs in training for the time to suffice'),
  ];
  const devices = Object.keys(options.devices);
  const share = plan.dataShare < 1 ? ` on ${Math.round(100 * plan.dataShare)} % of the data` : '';
  const each = `${numberOf(plan.epochs, 'epoch')}${share}`;
  const final =
    time === null
      ? numberOf(plan.finalEpochs ?? plan.epochs, 'epoch')
      : `about ${duration(time.totalSeconds - time.searchSeconds)}${time.int8Seconds === undefined ? '' : `, up to ${duration(time.int8Seconds)} of it for 8 bits`}`;
  return [
    `space ${space.name} (${space.size ?? 'infinitely many'} genomes), strategy ${options.strategy}, seed ${options.seed}`,
    `${numberOf(plan.trials, 'trial')} of ${each}, ${plan.workers} at once with ${numberOf(plan.threads, 'thread')} each`,
    ...(plan.workers > usableCores
      ? [
          `more trials at once than this machine has cores (${usableCores}): they take turns, and latencies wait for them`,
        ]
      : []),
    `augmentation: ${augmentation}`,
    ...(options.stop === null ? [] : [stopLine(options.stop, plan)]),
    members === 1
      ? `then the best one is trained for ${final}, tested once and exported to ${options.out}`
      : `then up to ${members} of the Pareto front are trained for ${final}${time === null ? ' each' : ''}, tested once and exported to ${options.out}`,
    ...(devices.length > 0 ? [`latency also on ${devices.join(', ')}`] : []),
    ...(bounds.length > 0 ? [`bounds: ${bounds.join(', ')}`] : []),
    ...(time === null ? [] : [`time limit ${duration(time.totalSeconds)} in all`]),
  ];
}

const atMost = (max: number | null, format: (value: number) => string, of: string): string[] =>
  max === null ? [] : [`at most ${format(max)} ${of}`];

/** A rule looks at epochs that have others after them. */
const stopLine = (rule: string, { epochs }: SearchPlan): string =>
  epochs === 1
    ? `no trial can be stopped early (${rule}): each has one epoch only; give more --epochs`
    : `a trial that falls behind is stopped early (${rule}), from ${LEAST_EARLIER} complete ones on`;
