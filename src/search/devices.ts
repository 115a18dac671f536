/**
 * Other devices of a search: who they are, where they are. Their addresses carry tokens, which stand in a file of their
 * own, for the owner's eyes, and neither in the study nor in the report: those are passed on.
 */
import { existsSync, readFileSync } from 'node:fs';
import { isCalibrationPath } from '../device/predict/calibrated-device.ts';
import { withoutToken } from '../device/remote/address.ts';
import { deviceOf, onDevice } from '../device/remote/measure-name.ts';
import { writeWhole } from '../disk.ts';
import { fail } from '../errors.ts';
import { deviceMeasures } from '../estimation/device-measures.ts';
import type { JobOutcome, TrialDevices } from '../execution/executor.ts';
import type { LatencySources } from '../report/data.ts';
import type { Measures } from '../study/trial.ts';
import type { SearchContext } from './context.ts';
import type { DeviceLatency } from './events.ts';
import type { DeviceLatencyEntry } from './model-metadata.ts';
import type { SearchOptions } from './options.ts';
import type { SearchPlan } from './plan.ts';
import { get } from './record.ts';
import type { RunFolder } from './run-folder.ts';

/** The options for everybody's eyes. */
export const withoutTokens = (options: SearchOptions): SearchOptions => ({
  ...options,
  devices: Object.fromEntries(
    Object.entries(options.devices).map(([name, address]) => [name, withoutToken(address)]),
  ),
});

/** A command line for everybody's eyes, as a shell takes it. */
export const commandWithoutTokens = (words: readonly string[]): string =>
  words.map((word) => quoted(word.replace(/(https?:\/\/[^#,\s]*)#[^,\s]*/g, '$1'))).join(' ');

const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

/** Keeps the addresses with their tokens. */
export async function keepAddresses(folder: RunFolder, devices: SearchOptions['devices']): Promise<void> {
  if (Object.keys(devices).length > 0)
    await writeWhole(folder.devices, `${JSON.stringify(devices, null, 2)}\n`, { mode: 0o600 });
}

/**
 * The addresses to go on with: those given now, else those kept.
 * @param stored the run's own, without tokens
 * @throws USAGE for a device that the run does not have
 */
export function addressesOf(
  folder: RunFolder,
  stored: SearchOptions['devices'],
  given: SearchOptions['devices'],
): SearchOptions['devices'] {
  for (const name of Object.keys(given))
    if (!Object.hasOwn(stored, name))
      fail('USAGE', {
        what: `--device ${name}: the run has no such device`,
        hint:
          Object.keys(stored).length === 0
            ? 'It was begun without devices; begin another one to have some.'
            : `Its devices are ${Object.keys(stored).join(', ')}.`,
      });
  return { ...stored, ...keptAddresses(folder, stored), ...given };
}

function keptAddresses(folder: RunFolder, stored: SearchOptions['devices']): Record<string, string> {
  if (!existsSync(folder.devices)) return {};
  try {
    const kept: unknown = JSON.parse(readFileSync(folder.devices, 'utf8'));
    const entries = typeof kept === 'object' && kept !== null ? Object.entries(kept) : [];
    return Object.fromEntries(
      entries.flatMap(([name, address]: [string, unknown]) =>
        typeof address === 'string' && Object.hasOwn(stored, name) ? [[name, address]] : [],
      ),
    );
  } catch {
    // As if it were not there: an address without its token is refused with words that say what to do.
    return {};
  }
}

/** Whether the memory that a network takes on a device is a bound or an objective; null: on this machine. */
export const wantsMemory = (
  {
    objectives,
    maxPeakMemoryBytes,
    maxDevicePeakMemoryBytes,
  }: Pick<SearchOptions, 'objectives' | 'maxPeakMemoryBytes' | 'maxDevicePeakMemoryBytes'>,
  device: string | null,
): boolean => {
  const name = device === null ? 'peakMemoryBytes' : onDevice('peakMemoryBytes', device);
  const bound = device === null ? maxPeakMemoryBytes : (maxDevicePeakMemoryBytes[device] ?? null);
  return bound !== null || objectives.some(({ measure }) => measure === name);
};

/** What a trial is told of them; undefined without devices. */
export function trialDevices(options: SearchOptions, secondsLeft: number | null): TrialDevices | undefined {
  const { devices, maxDeviceLatencyMs, devicePatienceSeconds } = options;
  const names = Object.keys(devices);
  if (names.length === 0) return undefined;
  return {
    targets: names.map((name) => ({
      name,
      address: devices[name]!,
      maxMs: maxDeviceLatencyMs[name] ?? null,
      ...(wantsMemory(options, name) && { memory: true }),
    })),
    // With a time limit a device that is away must not take the training's time too.
    patienceSeconds: Math.min(devicePatienceSeconds, (secondsLeft ?? Number.POSITIVE_INFINITY) / 2),
  };
}

/** Trials in a row whose device gave nothing useful: then it is not the candidates. */
const USELESS_IN_A_ROW = 3;

/**
 * Watches for the moment from which on no trial can be measured any more. Going on would only fail the trials that are
 * left; stopped there, the run loses nothing and goes on when the device is back. With a time limit it goes on regardless:
 * a result is wanted by then, from what is complete.
 */
export function watchDevices({ time }: SearchPlan): {
  /** Aborted when the devices are lost; the reason is that of the last trial. */
  readonly lost: AbortSignal;
  /** Takes the outcomes in their order of time. */
  readonly see: (outcome: JobOutcome) => void;
} {
  const controller = new AbortController();
  let useless = 0;
  return {
    lost: controller.signal,
    see: ({ deviceTrouble, reason }) => {
      useless = deviceTrouble === 'useless' ? useless + 1 : 0;
      if (time === null && (deviceTrouble === 'gone' || useless >= USELESS_IN_A_ROW))
        controller.abort(reason);
    },
  };
}

/** The end of a run with a time limit is near: a device that is away is not waited for long. */
const CLOSING_PATIENCE_SECONDS = 10;

/**
 * A fully trained network on the devices. One that gives nothing is told of, and costs no more than its figures.
 * @param int8 the model in 8 bits, where there is one
 * @throws what the signal was aborted with
 */
export async function finalDeviceMeasures(
  { options, plan, hooks }: Pick<SearchContext, 'options' | 'plan' | 'hooks'>,
  float: Uint8Array,
  int8: Uint8Array | null,
): Promise<Measures> {
  const devices = trialDevices(
    { ...options, maxDeviceLatencyMs: {} },
    plan.time === null ? null : 2 * CLOSING_PATIENCE_SECONDS,
  );
  if (devices === undefined) return {};
  const warn = (message: string): void => hooks.onEvent({ event: 'warning', message });
  const { measures, error } = await deviceMeasures({
    devices,
    threads: options.latencyThreads,
    float,
    int8,
    signal: hooks.signal,
    onTrouble: warn,
  });
  if (error instanceof Error) warn(`without the latency of the trained network there: ${error.message}`);
  return measures;
}

/** What a model's file says of its latencies on the run's devices; null where there are none. */
export async function deviceLatencyEntries(
  { options, storage }: Pick<SearchContext, 'options' | 'storage'>,
  measures: Measures,
): Promise<Readonly<Record<string, DeviceLatencyEntry>> | null> {
  const known = (await get(storage, 'devices')) ?? {};
  const entries = Object.keys(latenciesByDevice(measures, latencySources(options.devices))).flatMap(
    (name) => {
      const description = known[name];
      if (description === undefined) return [];
      const of = (measure: Parameters<typeof onDevice>[0]): number | undefined =>
        measures[onDevice(measure, name)];
      const [medianMs, lowMs, highMs] = [of('latencyMs'), of('latencyLowMs'), of('latencyHighMs')];
      const int8 = of('int8LatencyMs');
      const entry: DeviceLatencyEntry = {
        kind: latencySources(options.devices)[name] ?? 'measured',
        device: description.device,
        runtime: description.runtime,
        ...(medianMs !== undefined && {
          float: { medianMs, lowMs: lowMs ?? medianMs, highMs: highMs ?? medianMs },
        }),
        ...(int8 !== undefined && { int8: { medianMs: int8 } }),
      };
      return [[name, entry] as const];
    },
  );
  return entries.length === 0 ? null : Object.fromEntries(entries);
}
/** Where the latencies on other devices come from. */
export const latencySources = (devices: SearchOptions['devices']): LatencySources =>
  Object.fromEntries(
    Object.entries(devices).map(([name, address]) => [
      name,
      isCalibrationPath(address) ? 'predicted' : 'measured',
    ]),
  );

/** Latencies on devices among measures, by the devices' names. */
export function latenciesByDevice(
  measures: Measures,
  sources: LatencySources,
): Readonly<Record<string, DeviceLatency>> {
  const found: Record<string, DeviceLatency> = {};
  for (const [name, value] of Object.entries(measures)) {
    const { measure, device } = deviceOf(name);
    if (device !== null && measure === 'latencyTrusted')
      found[device] = { ...found[device], trusted: value === 1 };
    if (device !== null && (measure === 'latencyMs' || measure === 'int8LatencyMs'))
      found[device] = {
        ...found[device],
        [measure]: value,
        ...(sources[device] !== undefined && { source: sources[device] }),
      };
  }
  return found;
}
