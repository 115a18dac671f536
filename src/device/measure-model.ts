/** The latency of any ONNX model on this machine with a verdict whether the figure can be relied on. */
import type { Tensor } from '../onnx/model.ts';
import { localEngine } from './local-engine.ts';
import { describeMachine, type Machine } from './machine.ts';
import {
  type MeasureSessionOptions,
  measureSession,
  type SessionMeasurement,
  timingDoubts,
} from './measure-session.ts';
import { type PeakMemory, watchPeakMemory } from './peak-memory.ts';

/** How a model is measured here. */
export interface MeasureModelOptions extends Omit<MeasureSessionOptions, 'beforeLoading' | 'beforeTiming'> {
  /** Threads of one operator; 1 by default. */
  readonly threads?: number;
}

/** What was found of a model, and whether it can be trusted. */
export interface ModelMeasurement extends Omit<SessionMeasurement, 'outputs'> {
  /** Of one operator. */
  readonly threads: number;
  /** ONNX Runtime's execution provider. */
  readonly provider: 'cpu';
  /** Of the file. */
  readonly modelBytes: number;
  /** Resident memory while the model was loaded and run. */
  readonly memory: {
    /** The process's peak. */
    readonly peakBytes: number;
    /** What of that is new, ≥ 0. */
    readonly addedBytes: number;
  };
  /** How often in a second another thread took the processor away; 0 where the system does not count it. */
  readonly preemptionsPerSecond: number;
  /** Where it ran. */
  readonly machine: Machine;
  /** Whether nothing speaks against the figures. */
  readonly trusted: boolean;
  /** Why not; empty when it can be trusted. */
  readonly doubts: readonly string[];
}

/**
 * Measures `model` (ONNX bytes) as measure-session.ts does, in this process.
 * @throws MODEL_LOAD; MODEL_INPUT when there is nothing to feed it with, or it does not run on that; what the signal was
 *   aborted with
 */
export async function measureModel(
  model: Uint8Array,
  options: MeasureModelOptions = {},
): Promise<ModelMeasurement> {
  return (await measureWithOutputs(model, options)).measurement;
}

/** Also gives what the model computed from the noise. @throws as {@link measureModel} */
export async function measureWithOutputs(
  model: Uint8Array,
  { threads = 1, ...options }: MeasureModelOptions,
): Promise<{
  readonly measurement: ModelMeasurement;
  readonly outputs: Readonly<Record<string, Tensor>>;
}> {
  // Set when the model is loaded: what was before it is not its own.
  let memory: PeakMemory = { before: 0, peak: async () => 0 };
  let peakBytes = 0;
  let began = 0;
  let switchesBefore = 0;
  const switches = (): number => process.resourceUsage().involuntaryContextSwitches;
  const { outputs, ...measured } = await measureSession(localEngine(threads), model, {
    ...options,
    beforeLoading: async () => {
      memory = await watchPeakMemory();
    },
    beforeTiming: async () => {
      peakBytes = await memory.peak();
      switchesBefore = switches();
      began = performance.now();
    },
  });
  const seconds = (performance.now() - began) / 1000;
  const evidence = {
    ...measured,
    threads,
    preemptionsPerSecond: (switches() - switchesBefore) / seconds,
    machine: describeMachine(),
  };
  const doubts = doubtsOf(evidence);
  return {
    measurement: {
      ...evidence,
      provider: 'cpu',
      modelBytes: model.byteLength,
      memory: { peakBytes, addedBytes: Math.max(0, peakBytes - memory.before) },
      trusted: doubts.length === 0,
      doubts,
    },
    outputs,
  };
}

/** With more busy processes than cores it is hundreds; a few are the process's own threads and the system's. */
const PREEMPTIONS = 50;

type Evidence = Pick<
  ModelMeasurement,
  'p50Ms' | 'lowMs' | 'highMs' | 'wide' | 'threads' | 'reference' | 'preemptionsPerSecond' | 'machine'
>;

/** Sentences about what speaks against the figure. */
export function doubtsOf(evidence: Evidence): string[] {
  const { threads, preemptionsPerSecond, machine } = evidence;
  return [
    ...timingDoubts(evidence),
    ...(preemptionsPerSecond > PREEMPTIONS
      ? [`other work took the processor away ${Math.round(preemptionsPerSecond)} times a second`]
      : []),
    ...(threads > machine.usableCores
      ? [`${threads} threads on ${machine.usableCores} usable core${machine.usableCores === 1 ? '' : 's'}`]
      : []),
  ];
}
