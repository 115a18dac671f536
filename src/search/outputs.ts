/** The files that a run writes for people and other programs: report.html, trials.json, pareto.csv. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describeMachine } from '../device/machine.ts';
import { fail } from '../errors.ts';
import type { ReportData } from '../report/data.ts';
import { writePareto } from '../report/pareto-csv.ts';
import { writeTrials } from '../report/trials-json.ts';
import { describeEngine } from '../runtime/engine.ts';
import { spaceSize } from '../space/size.ts';
import type { SearchSpace } from '../space/space.ts';
import type { StudyStorage } from '../storage/storage.ts';
import { bestTrial, paretoFront } from '../study/pareto-front.ts';
import type { Trial } from '../study/trial.ts';
import { VERSION } from '../version.ts';
import { constraintsOf } from './constraints.ts';
import { latencySources, withoutTokens } from './devices.ts';
import { findStrategy } from './find-strategy.ts';
import { frontObjectives, standings } from './front.ts';
import { latencyNotes } from './latency-notes.ts';
import type { SearchOptions } from './options.ts';
import { get } from './record.ts';
import type { RunFolder } from './run-folder.ts';

/** Networks drawn in the report beside the winner's. */
const DRAWN_NETWORKS = 2;

/** A front of many points would make a page that is slow to open. */
const DRAWN_OF_FRONT = 12;

/** Works at any point of a run once its data was read. @returns the paths of all files that are there */
export async function writeOutputs(
  options: SearchOptions,
  folder: RunFolder,
  storage: StudyStorage,
  space: SearchSpace,
): Promise<readonly string[]> {
  const trials = await storage.trials();
  const data = await reportData(options, storage, space, trials);
  // The library of the charts is large: a run loads it when it has something to draw.
  const { writeReport } = await import('../report/report.ts');
  await writeReport(data, folder.report);
  const sources = latencySources(options.devices);
  await writeTrials(trials, folder.trials, sources);
  const front = new Set(data.front);
  await writePareto(
    trials.filter((t) => front.has(t.number)),
    folder.pareto,
    sources,
  );
  const written = [folder.report, folder.trials, folder.pareto];
  const int8 = options.int8 && existsSync(folder.int8Model) ? [folder.int8Model] : [];
  const models = data.members
    .flatMap(({ model, int8: own }) => [model.file, ...(own ? [own.file] : [])])
    .map((file) => join(folder.path, file))
    .filter((file) => file !== folder.model && file !== folder.int8Model);
  return data.winner === null
    ? written
    : [folder.model, ...int8, folder.network, folder.weights, ...models, ...written];
}

async function reportData(
  options: SearchOptions,
  storage: StudyStorage,
  space: SearchSpace,
  trials: readonly Trial[],
): Promise<ReportData> {
  const report = (await get(storage, 'dataReport')) ?? fail('RUN_WITHOUT_DATA', { path: options.out });
  const augmentation = await get(storage, 'augmentation');
  const plan = await get(storage, 'plan');
  const winner = await get(storage, 'winner');
  const members = (await get(storage, 'members')) ?? [];
  const seconds = (await get(storage, 'seconds')) ?? {};
  const constraints = plan === null ? [] : constraintsOf(options, plan);
  const machine = describeMachine();
  const strategy = findStrategy(options.strategy);
  const imagesOf = (t: Pick<Trial, 'measures'>): number =>
    (t.measures.imagesPerSecond ?? 0) * (t.measures.trainSeconds ?? 0);
  const others: Trial[] = [];
  for (let open = trials.filter((t) => t.number !== winner?.trial); others.length < DRAWN_NETWORKS; ) {
    const next = bestTrial(open, options.objectives, constraints);
    if (next === null) break;
    others.push(next);
    open = open.filter((t) => t.number !== next.number);
  }
  const front = paretoFront(trials, frontObjectives(options.objectives), constraints);
  const trained = new Set([...members, ...(winner === null ? [] : [winner])].map(({ trial }) => trial));
  const { channels, size, classes } = report;
  const io = { inputShape: [channels, size.height, size.width] as const, outputs: classes.length };
  return {
    title: `Espalier: ${report.name}`,
    run: options.out,
    command: (await get(storage, 'command')) ?? '',
    seed: options.seed,
    writtenAt: new Date().toISOString(),
    versions: { espalier: VERSION, node: process.version, onnxruntime: describeEngine().version },
    machine: {
      processor: machine.processor,
      cores: String(machine.usableCores),
      memory: `${(machine.usableMemoryBytes / 2 ** 30).toFixed(1)} GiB`,
      platform: machine.platform,
      'instruction sets': machine.instructionSets.join(' '),
    },
    devices: Object.fromEntries(
      Object.entries((await get(storage, 'devices')) ?? {}).map(([name, { device, runtime }]) => [
        name,
        `${device}; ${runtime}`,
      ]),
    ),
    data: report,
    ...(augmentation !== null && { augmentation }),
    options: { ...withoutTokens(options), plan },
    space: {
      name: space.name,
      description: space.description,
      size: spaceSize(space)?.toLocaleString('en') ?? null,
    },
    strategy: {
      name: strategy.name,
      description: [
        strategy.description,
        strategy.explain?.({
          trials: trials.length,
          objectives: options.objectives.length,
          proxies: options.proxies,
          references: space.references?.length ?? 0,
          ...(trials.some(({ note }) => note !== undefined) && {
            notes: trials.flatMap(({ note }) => note ?? []),
          }),
        }),
      ]
        .filter((text) => text !== undefined)
        .join(' '),
    },
    objectives: options.objectives,
    trials,
    front: front.map((t) => t.number),
    winner,
    members,
    standings: standings(members, options.objectives, constraints),
    drawn: front
      .filter((t) => !trained.has(t.number))
      .slice(0, DRAWN_OF_FRONT)
      .map((t) => ({ trial: t.number, network: space.build(t.genome, io) })),
    others: others.map((t) => ({ trial: t.number, network: space.build(t.genome, io) })),
    cost: {
      seconds,
      imagesSeen: Math.round([...trials, ...members].reduce((sum, t) => sum + imagesOf(t), 0)),
      peakMemoryBytes: largest([...trials, ...members]),
    },
    notes: [...report.warnings, ...latencyNotes(trials, members)],
  };
}

/** Null where no training's memory was watched. */
function largest(trained: readonly Pick<Trial, 'measures'>[]): number | null {
  const peaks = trained.flatMap(({ measures }) => measures.trainingMemoryBytes ?? []);
  return peaks.length === 0 ? null : Math.max(...peaks);
}
