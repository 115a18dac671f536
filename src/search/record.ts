/** What a run stores beside its trials: typed access to the storage's artefacts. */
import type { Augmentation } from '../data/dataset.ts';
import type { DataReport } from '../data/report.ts';
import type { DeviceDescription } from '../device/remote/wire.ts';
import type { Winner } from '../report/data.ts';
import type { Genome } from '../space/genome.ts';
import type { Json, StudyStorage } from '../storage/storage.ts';
import type { Observation } from '../strategy/strategy.ts';
import type { DoneEvent } from './events.ts';
import type { SearchOptions } from './options.ts';
import type { SearchPlan } from './plan.ts';

/** What a search begins with beside its data (head-start.ts). */
export interface HeadStart {
  readonly genomes: readonly Genome[];
  readonly earlier: readonly Observation[];
  /** What was done with the earlier runs, a sentence each. */
  readonly notes: readonly string[];
}

/** How fast a machine is at its best (reference-speed.ts). */
export interface ReferenceSpeed {
  readonly machine: string;
  readonly runtime: string;
  readonly threads: number;
  /** The fastest reading of the reference kernel, milliseconds. */
  readonly ms: number;
}

export interface Artefacts {
  readonly options: SearchOptions;
  readonly plan: SearchPlan;
  readonly dataReport: DataReport;
  /** Of the data set (ImageDataset.fingerprint): images that are read again must be the same. */
  readonly fingerprint: string;
  /** Of all trainings, where the space does not choose another. */
  readonly augmentation: Augmentation;
  readonly headStart: HeadStart;
  /** Seconds by phase, added up over resumptions. */
  readonly seconds: Readonly<Record<string, number>>;
  /** The most accurate of the members; there once all of them are trained. */
  readonly winner: Winner;
  /** The fully trained networks so far, in the order in which they were trained. */
  readonly members: readonly Winner[];
  /** Other devices of the search as they introduced themselves, by their names. */
  readonly devices: Readonly<Record<string, DeviceDescription>>;
  /** Numbers of trials that failed for a device alone: they are run again when the run goes on. */
  readonly failedForDevices: readonly number[];
  /** How fast this machine is at its best. */
  readonly reference: ReferenceSpeed;
  readonly command: string;
  /** There once the run is finished. */
  readonly done: DoneEvent;
}

// Artefacts are plain JSON by construction; the type system cannot see that interfaces are.
export const put = <K extends keyof Artefacts>(
  storage: StudyStorage,
  name: K,
  value: Artefacts[K],
): Promise<void> => storage.putArtefact(name, value as unknown as Json);

/** As if it had never been put. */
export const forget = (storage: StudyStorage, name: keyof Artefacts): Promise<void> =>
  storage.putArtefact(name, null);

export const get = async <K extends keyof Artefacts>(
  storage: StudyStorage,
  name: K,
): Promise<Artefacts[K] | null> => (await storage.artefact(name)) as unknown as Artefacts[K] | null;
