/**
 * The end of a search: the best candidate, or several of the Pareto front, trained fully, tested once, exported.
 *
 * What is finished is kept: a run that goes on after any interruption trains only what is missing.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, relative } from 'node:path';
import { makeFolder, writeWhole } from '../disk.ts';
import { fail } from '../errors.ts';
import type { Executor, JobOutcome } from '../execution/executor.ts';
import type { Winner } from '../report/data.ts';
import type { Study } from '../study/study.ts';
import type { Constraint, Trial } from '../study/trial.ts';
import { constraintsOf } from './constraints.ts';
import type { SearchContext } from './context.ts';
import { failOnDiskTrouble } from './disk-trouble.ts';
import { recordDone } from './done-event.ts';
import type { DoneEvent } from './events.ts';
import { finalInt8Work, finalJob, secondsAnEpoch } from './final-job.ts';
import { finish } from './finish.ts';
import {
  affordable,
  chooseFront,
  frontSize,
  mostAccurate,
  ownSeconds,
  replacementBounds,
  standings,
  withinBounds,
} from './front.ts';
import { furthestTrial } from './no-trial.ts';
import { fewestEpochs } from './plan.ts';
import { get, put } from './record.ts';
import { memberFolder, type RunFolder } from './run-folder.ts';
import { createExecutor, hangingSeconds } from './trial-executor.ts';

export interface FinalRequest extends Omit<SearchContext, 'start'> {
  readonly study: Study;
  /** When the whole run must be over. */
  readonly deadline: number | null;
}

/** Training a network that failed once is tried again from its checkpoint before the next best one is taken. */
const ATTEMPTS = 2;
/** What a final training may take beyond its deadline before it is killed; and what an attempt is given at least. */
const GRACE_SECONDS = 5;
const LEAST_SECONDS = 15;
/** How many candidates may fail. */
const FAILURES = 3;

/** How many further candidates are trained where none keeps the bounds in the end. */
const REPLACEMENTS = 2;

/** @returns null when the signal ended it */
export async function trainFinal(request: FinalRequest): Promise<DoneEvent | null> {
  const { options, plan, storage, folder } = request;
  const former = await get(storage, 'winner');
  if (former !== null) return recordDone(request, former);
  const members = await trainMembers(request);
  if (members === null) return null;
  const best = mostAccurate(withinBounds(members, constraintsOf(options, plan)), options.int8)!;
  const winner: Winner = {
    ...best,
    model: { ...best.model, file: basename(folder.model) },
    ...(best.int8 && { int8: { ...best.int8, file: basename(folder.int8Model) } }),
  };
  if (best.model.file !== winner.model.file) await copyToTop(request, best.trial);
  await put(storage, 'winner', winner);
  return recordDone(request, winner);
}

/** Trains what is missing, the most promising first. @returns null when the signal ended it @throws FINAL_FAILED */
async function trainMembers(request: FinalRequest): Promise<readonly Winner[] | null> {
  const { options, plan, study, hooks, storage, folder } = request;
  const constraints = constraintsOf(options, plan);
  const wanted = frontSize(options);
  const members: Winner[] = [...((await get(storage, 'members')) ?? [])];
  const failed = new Set<number>();
  let reason = '';
  const executor = createExecutor({ ...options, trialTimeoutSeconds: null }, { ...plan, time: null }, 1);
  try {
    for (;;) {
      const untried = (bounds: readonly Constraint[], count: number): Trial[] => {
        const open = study.trials().filter(({ number }) => !failed.has(number));
        const chosen = chooseFront(open, options.objectives, bounds, count);
        const furthest = plan.time === null ? null : furthestTrial(open, bounds);
        return (chosen.length === 0 && furthest !== null ? [furthest] : chosen).filter(
          ({ number }) => !members.some((member) => member.trial === number),
        );
      };
      const planned = members.length < wanted ? untried(constraints, wanted) : [];
      const bounds = replacementBounds(members, study.trials(), constraints);
      const replacing = planned.length === 0 && bounds !== null && members.length < wanted + REPLACEMENTS;
      const missing = replacing ? untried(bounds, 1) : planned;
      if (failed.size >= FAILURES) break;
      const turn = nextTurn(request, missing, members.length === 0, replacing);
      if (turn === null) break;
      const { trial, deadline } = turn;
      if (wanted === 1 && members.length === 1) await giveOwnPlace(request, members);
      const own = wanted === 1 && members.length === 0 ? folder : memberFolder(folder, trial.number);
      makeFolder(dirname(own.model));
      const outcome = await train(request, executor, trial, own, deadline);
      if (hooks.signal.aborted) return null;
      if (outcome.state === 'complete') {
        const member = await finish(request, trial, outcome, own, deadline);
        members.push(member);
        await put(storage, 'members', members);
        rmSync(own.checkpoint, { force: true });
        for (const bound of standings([member], options.objectives, constraints)[0]!.overBounds)
          hooks.onEvent({
            event: 'warning',
            message: `trial ${member.trial} is over a bound as it is exported: ${bound}`,
          });
      } else {
        failed.add(trial.number);
        reason = outcome.reason ?? '';
        hooks.onEvent({
          event: 'warning',
          message: `the final training of trial ${trial.number} failed: ${reason}`,
        });
      }
    }
  } finally {
    await executor.close();
  }
  return members.length > 0 ? members : fail('FINAL_FAILED', { reason });
}

/**
 * The next training and when it must be over. The time is shared so that all have the same number of epochs; rather
 * fewer networks than ones that have hardly learnt.
 */
function nextTurn(
  request: FinalRequest,
  missing: readonly Trial[],
  first: boolean,
  replacing: boolean,
): { readonly trial: Trial; readonly deadline: number | null } | null {
  const { plan, dataset, deadline, hooks } = request;
  const trial = missing[0];
  if (trial === undefined) return null;
  if (deadline === null) return { trial, deadline };
  const seconds = (deadline - Date.now()) / 1000;
  const costs = missing.map((candidate) => trainingSeconds(request, candidate));
  const least = plan.finalEpochs ?? fewestEpochs(dataset.train.count) / 2;
  const count = Math.max(first ? 1 : 0, affordable(costs, seconds, least));
  if (count < missing.length && !replacing && (first || count === 0))
    hooks.onEvent({
      event: 'warning',
      message: `the time suffices for ${count} of ${missing.length} networks of the front`,
    });
  if (count === 0) return null;
  return { trial, deadline: Date.now() + ownSeconds(costs.slice(0, count), seconds) * 1000 };
}

/** Of an epoch, and of 8 bits after it. */
function trainingSeconds(
  request: FinalRequest,
  trial: Trial,
): { readonly epoch: number; readonly after: number } {
  const { plain, test, timing } = finalInt8Work(request, trial);
  return {
    epoch: secondsAnEpoch(request, trial),
    after: request.options.int8 ? plain + test + timing : 0,
  };
}

async function train(
  request: FinalRequest,
  executor: Executor,
  trial: Trial,
  folder: RunFolder,
  deadline: number | null,
): Promise<JobOutcome> {
  const { hooks, watch } = request;
  await watch.phase('final training');
  const job = finalJob(request, trial, folder, deadline);
  hooks.onEvent({ event: 'final-started', trial: trial.number, epochs: job.plan.epochs });
  const hanging = hangingSeconds(
    {
      ...request,
      options: { ...request.options, trialTimeoutSeconds: null },
      trials: request.study.trials(),
    },
    job.network,
    job.plan,
  );
  let outcome: JobOutcome | null = null;
  // Clock and epochs may disagree on how far it is, and a second attempt begins again.
  let furthest = 0;
  for (
    let attempt = 0;
    attempt < ATTEMPTS && outcome?.state !== 'complete' && !hooks.signal.aborted;
    attempt++
  ) {
    // One that hangs is killed. The second attempt then goes on from the last checkpoint, with what time there is: at the
    // deadline it only writes the weights that are there.
    const limit =
      deadline === null ? hanging : Math.max(LEAST_SECONDS, (deadline - Date.now()) / 1000 + GRACE_SECONDS);
    const attempted = {
      ...job,
      ...(limit !== null && { timeLimitSeconds: Math.ceil(limit) }),
      ...(job.deadline !== undefined && { deadline: Math.max(job.deadline, Date.now() + 1000) }),
    };
    outcome = await executor.run(attempted, {
      signal: hooks.signal,
      onProgress: ({ progress, curve }) => {
        furthest = Math.max(furthest, progress);
        hooks.onEvent({
          event: 'final-progress',
          trial: trial.number,
          progress: furthest,
          valAccuracy: curve?.valAccuracy ?? null,
        });
      },
    });
    failOnDiskTrouble(outcome.diskTrouble);
  }
  return outcome!;
}

/** The only network so far gets files of its own beside those at the top, which another one may come to take. */
async function giveOwnPlace(request: FinalRequest, members: Winner[]): Promise<void> {
  const { folder, storage, options } = request;
  const [member] = members;
  if (member === undefined || member.model.file !== basename(folder.model)) return;
  const own = memberFolder(folder, member.trial);
  makeFolder(dirname(own.model));
  await copyFiles(request, folder, own);
  members[0] = {
    ...member,
    model: { ...member.model, file: relative(options.out, own.model) },
    ...(member.int8 && { int8: { ...member.int8, file: relative(options.out, own.int8Model) } }),
  };
  await put(storage, 'members', members);
}

/** The most accurate member's files also stand at the top of the run's folder, each whole or not at all. */
async function copyToTop(request: FinalRequest, trial: number): Promise<void> {
  const { folder, options } = request;
  // Another network may have been there before.
  if (options.int8) rmSync(folder.int8Model, { force: true });
  await copyFiles(request, memberFolder(folder, trial), folder);
}

/** Without `--int8` a model in 8 bits is none of the run's: `espalier quantize` made it. */
async function copyFiles({ options }: FinalRequest, from: RunFolder, to: RunFolder): Promise<void> {
  const names = ['model', 'network', 'weights', ...(options.int8 ? (['int8Model'] as const) : [])] as const;
  for (const name of names) if (existsSync(from[name])) await writeWhole(to[name], readFileSync(from[name]));
}
