/**
 * The study: asks the strategy, keeps trials and their order, and stays deterministic with parallel workers.
 *
 * The suggestion for trial n sees the results of trials 0 … n − parallelism (all of them, finished) and only the
 * genomes of the ones after. So it does not matter in which order workers finish: the same seed gives the same table,
 * undisturbed or killed and resumed. The price is that a worker may wait for the oldest running trial.
 */
import { fail } from '../errors.ts';
import type { Network } from '../network/network.ts';
import { createRandom } from '../random.ts';
import { validateGenome } from '../space/validation.ts';
import type { StudyStorage } from '../storage/storage.ts';
import type { Observation } from '../strategy/strategy.ts';
import { warmStarted } from '../strategy/warm-start.ts';
import { openAsking, type Waiting } from './asking.ts';
import { type Candidates, createCandidates } from './candidates.ts';
import { checkDefinition, claimDefinition, type StudyDefinition } from './definition.ts';
import { measureInfo, objectiveValues } from './measure.ts';
import { observe } from './observe.ts';
import type { Constraint, CurvePoint, Measures, Trial } from './trial.ts';

/** How a trial ended; `reason` is null when it is complete. */
export interface Outcome {
  /** `pruned`: ended on purpose before its evaluation was over. */
  readonly state: 'complete' | 'pruned' | 'failed';
  /** By name; those that are not finite are dropped. */
  readonly measures: Measures;
  /** A point for each epoch. */
  readonly curve: readonly CurvePoint[];
  /** Why it was pruned or failed, in a sentence. */
  readonly reason: string | null;
}

/** A trial to be evaluated. */
export interface Asked {
  /** As it was recorded. */
  readonly trial: Trial;
  /** What its genome builds, not trained. */
  readonly network: Network;
}

/** A study that is open: proposes trials and records how they end, each at once in its storage. */
export interface Study {
  /** As it was opened with. */
  readonly definition: StudyDefinition;
  /** All trials by number. */
  trials(): readonly Trial[];
  /** Trials found running when the study was opened, whose process is gone, and those that it was told to run again. */
  interrupted(): readonly Asked[];
  /** False while the next trial must wait for an older one. */
  ready(): boolean;
  /**
   * The next trial, recorded as running; null when the strategy finds no further network. Call it only when
   * `ready()`: before, the results that its suggestion may depend on are not all there.
   * @throws INFEASIBLE when no network at all meets the bounds; UNBUILDABLE when none fits the images; NOTHING_NEW when
   * earlier trials leave none; Error when it is not ready; what the storage throws; what the signal was aborted with:
   * nothing was asked then
   */
  ask(waiting?: Waiting): Promise<Asked | null>;
  /**
   * Records a trial's outcome and returns the trial: one that is complete without a finite number for each objective
   * is failed.
   * @throws Error when that trial is not running; what the storage throws
   */
  tell(number: number, outcome: Outcome): Promise<Trial>;
}

/**
 * Opens the study of a storage, with the trials it holds. The suggestion for trial n sees the results of trials up to
 * n − parallelism and only the genomes of later ones, so that the same definition gives the same trials whoever
 * finishes first.
 * @param again numbers of failed trials that are to be run once more, as if they had been interrupted
 * @throws STUDY_CHANGED when they were found by another definition; USAGE when there are no objectives, a measure is
 *   not known, a bound is not above 0, or parallelism or fidelities are out of range; GENOME when one to start with
 *   is not of the space; TRAINING when the space chooses a training that cannot be; what the storage throws
 */
export async function openStudy(
  definition: StudyDefinition,
  storage: StudyStorage,
  again: ReadonlySet<number> = new Set(),
): Promise<Study> {
  const { space, io, objectives, constraints, parallelism, fidelities = [1] } = definition;
  const { startWith = [], earlier = [] } = definition;
  checkDefinition(definition);
  for (const genome of startWith) validateGenome(space, genome);
  const strategy =
    startWith.length + earlier.length === 0
      ? definition.strategy
      : warmStarted(definition.strategy, { genomes: startWith, observations: earlier });
  for (const { measure } of [...objectives, ...constraints]) measureInfo(measure);
  await claimDefinition(definition, storage);
  const random = createRandom(definition.seed).split('study');
  const candidates = createCandidates(
    space,
    io,
    constraints.filter((c) => isKnown(definition, c)),
    definition.foreseen ?? null,
  );
  const trials = (await storage.trials()).map(
    (trial): Trial =>
      trial.state === 'failed' && again.has(trial.number)
        ? { ...trial, state: 'running', curve: [], reason: null, endedAt: null }
        : trial,
  );
  const asking = await openAsking(definition.scorers ?? [], definition.proxies ?? [], candidates, storage);
  for (const trial of trials) candidates.propose(trial.hash);
  // What was evaluated as fully as it would be now is not evaluated again.
  for (const { hash, fidelity } of earlier) if (fidelity === fidelities.length - 1) candidates.propose(hash);
  /** Observations of the finished trials without a gap from the first. */
  const observations: Observation[] = [];
  const isFinished = (trial: Trial | undefined): boolean =>
    trial !== undefined && trial.state !== 'running' && trial.state !== 'waiting';
  const advance = (): void => {
    while (isFinished(trials[observations.length]))
      observations.push(observe(trials[observations.length]!, objectives, constraints));
  };
  advance();

  const asked = (trial: Trial): Asked => {
    const candidate = candidates.of(trial.genome);
    return { trial, network: candidate?.network ?? space.build(trial.genome, io) };
  };

  const ready = (): boolean => observations.length > trials.length - parallelism;
  const inTurn = oneAtATime();

  return {
    definition,
    trials: () => trials,
    interrupted: () => trials.filter((t) => !isFinished(t)).map(asked),
    ready,
    ask: (waiting) =>
      inTurn(async () => {
        const number = trials.length;
        if (!ready())
          throw new Error(`trial ${number} was asked for before trial ${number - parallelism} was finished`);
        const history = observations.slice(0, Math.max(0, number - parallelism + 1));
        const running = trials
          .slice(history.length)
          .map(({ number: n, genome, hash, fidelity }) => ({ number: n, genome, hash, fidelity }));
        const proposal = await asking.suggest(
          strategy,
          (view) => ({
            ...view,
            space,
            history,
            running,
            objectives: objectives.length,
            random: random.split('trial', number),
            fidelities,
            accept: candidates.accept,
            draw: candidates.draw,
          }),
          waiting,
        );
        const candidate = proposal === null ? null : candidates.of(proposal.genome);
        if (candidate === null) {
          if (number === 0) failWithoutCandidate(definition, candidates);
          return null;
        }
        candidates.propose(candidate.hash);
        const trial: Trial = {
          number,
          state: 'running',
          genome: candidate.genome,
          hash: candidate.hash,
          ...(candidate.training !== null && { training: candidate.training }),
          ...(proposal?.note !== undefined && { note: proposal.note }),
          fidelity: proposal?.fidelity ?? fidelities.length - 1,
          measures: candidate.measures,
          curve: [],
          reason: null,
          startedAt: Date.now(),
          endedAt: null,
        };
        await storage.putTrial(trial);
        trials.push(trial);
        return { trial, network: candidate.network };
      }),
    tell: (number, outcome) =>
      inTurn(async () => {
        const asked = trials[number];
        if (asked === undefined || isFinished(asked)) throw new Error(`trial ${number} is not running`);
        const trial: Trial = {
          ...asked,
          ...judged(outcome, asked.measures, definition),
          curve: outcome.curve,
          endedAt: Date.now(),
        };
        await storage.putTrial(trial);
        trials[number] = trial;
        advance();
        return trial;
      }),
  };
}

/** Runs actions one after another: two calls at once must not get the same number or overtake each other's write. */
function oneAtATime(): <T>(action: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (action) => {
    const result = last.then(action, action);
    last = result;
    return result;
  };
}

/** A complete trial must have all objectives as finite numbers. */
function judged(
  outcome: Outcome,
  known: Measures,
  { objectives }: StudyDefinition,
): Pick<Trial, 'state' | 'measures' | 'reason'> {
  const finite = Object.fromEntries(
    Object.entries(outcome.measures).filter(([, value]) => Number.isFinite(value)),
  );
  const measures = { ...known, ...finite };
  if (outcome.state === 'complete' && objectiveValues(objectives, measures) === null) {
    const missing = objectives.filter((o) => !Number.isFinite(measures[o.measure])).map((o) => o.measure);
    return { state: 'failed', measures, reason: `${missing.join(' and ')} is not a number` };
  }
  return { state: outcome.state, measures, reason: outcome.reason };
}

/** Whether a bound can be kept before anything runs. */
const isKnown = ({ foreseen }: StudyDefinition, { measure }: Constraint): boolean =>
  measureInfo(measure).known || foreseen?.measures.has(measure) === true;

/** Why there is nothing to begin with. */
function failWithoutCandidate(definition: StudyDefinition, candidates: Candidates): never {
  const { space, io, constraints } = definition;
  const nearest = candidates.nearest();
  if (nearest !== null) {
    const known = constraints.filter((c) => isKnown(definition, c));
    return fail('INFEASIBLE', {
      space: space.name,
      bounds: known.map(({ measure, max }) => sayMeasure(measure, '≤ ', max)).join(' and '),
      nearest: known.map(({ measure }) => sayMeasure(measure, '', nearest[measure])).join(', '),
    });
  }
  const reason = candidates.refusal();
  return reason === null
    ? fail('NOTHING_NEW', { space: space.name })
    : fail('UNBUILDABLE', { space: space.name, size: io.inputShape.join('×'), reason });
}

/** `parameters ≤ 100`, `peak activation memory 65536 bytes`. */
function sayMeasure(measure: string, relation: string, value: number | undefined): string {
  const { label, unit } = measureInfo(measure);
  return `${label} ${relation}${value}${unit === '' ? '' : ` ${unit}`}`;
}
