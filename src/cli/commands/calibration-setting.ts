/** What `device calibrate`, `check` and `adjust` have in common: which networks are timed, and where. */
import type { Command } from 'commander';
import {
  type LatencyCalibration,
  PRECISIONS,
  type Precision,
} from '../../device/predict/calibration-file.ts';
import type { RandomModels } from '../../device/predict/random-models.ts';
import type { Timer } from '../../device/predict/time-briefly.ts';
import { steady } from '../../device/predict/typical-latency.ts';
import type { DeviceDescription } from '../../device/remote/wire.ts';
import { fail } from '../../errors.ts';
import type { NetworkIO } from '../../network/network.ts';
import { formatSeconds } from '../../report/format.ts';
import { loadSpace } from '../../search/load-space.ts';
import { parseDuration } from '../../search/quantity.ts';
import type { CliContext } from '../command.ts';
import { type RoundsReporter, roundsReporter } from '../progress/rounds.ts';

const CLASSES = 10;
/** How long each answer of a device may take. */
const ANSWER_SECONDS = 60;
const REMOTE_SECONDS_EACH = 0.1;

export async function randomModels(
  spaces: readonly string[],
  inputShape: NetworkIO['inputShape'],
  precision: Precision,
): Promise<RandomModels> {
  const quantised = precision === 'int8' ? await quantiser() : undefined;
  return {
    spaces: await Promise.all(spaces.map((name) => loadSpace(name))),
    io: { inputShape, outputs: CLASSES },
    ...quantised,
  };
}

/** The networks that a calibration knows, in each of its precisions. */
export async function waysOf({
  models,
  spaces,
  inputShape,
}: LatencyCalibration): Promise<Partial<Record<Precision, RandomModels>>> {
  const precisions = PRECISIONS.filter((precision) => models[precision]);
  const ways = precisions.map(
    async (precision) => [precision, await randomModels(spaces, inputShape, precision)] as const,
  );
  return Object.fromEntries(await Promise.all(ways));
}

/** Ranges come from noise: they do not change how long a model takes. */
async function quantiser(): Promise<Required<Pick<RandomModels, 'prepare' | 'kernels'>>> {
  const { int8Kernels } = await import('../../quantisation/int8-kernels.ts');
  const { PLAIN, quantise } = await import('../../quantisation/quantise.ts');
  const { exampleFeeds } = await import('../../device/example-feeds.ts');
  return {
    prepare: async (model) => {
      const { feeds } = exampleFeeds(
        model.graph.inputs.map(({ name, dtype, shape }) => ({ name, type: dtype, shape })),
      );
      return (await quantise(model, [feeds], PLAIN)).model;
    },
    kernels: int8Kernels,
  };
}

export interface Place {
  readonly timer: Timer;
  readonly description: Pick<DeviceDescription, 'device' | 'runtime' | 'providers'>;
  /** As the networks so far were really timed: a device may have fewer threads than are asked for. */
  readonly measuredWith: () => { readonly provider: string; readonly threads: number };
  readonly close: () => Promise<void>;
}

export interface PlaceFlags {
  readonly device?: string;
  readonly devicePatience: string;
}

/** @param device what `--device` is for, in the help */
export const addPlaceFlags = (command: Command, device: string): Command =>
  command
    .option('--device <address>', device)
    .option('--device-patience <duration>', 'how long a device that does not answer is asked again', '1m');

interface TimingSetting {
  readonly flags: PlaceFlags & { readonly json?: boolean };
  readonly threads: number;
  /** What is timed, in words. */
  readonly title: string;
  readonly context: CliContext;
}

/** Gives `work` the place that the flags name, and what its progress is told to; both are closed afterwards. @throws as placeOf */
export async function timingAt<T>(
  { flags, threads, title, context: { terminal, signal } }: TimingSetting,
  work: (place: Place, onTimed: RoundsReporter['onTimed']) => Promise<T>,
): Promise<T> {
  let reporter: RoundsReporter | null = null;
  const place = await placeOf(flags, threads, signal, (trouble) => {
    if (reporter === null) terminal.stderr.write(`${trouble}\n`);
    else reporter.tell(trouble);
  });
  try {
    reporter = flags.json ? null : roundsReporter(terminal, title);
    return await work(place, (progress) => reporter?.onTimed(progress));
  } finally {
    reporter?.close();
    await place.close();
  }
}

/** Where networks are timed: in a process of this machine, or on the device at an address. @throws as a device; QUANTITY */
async function placeOf(
  { device: address, devicePatience }: PlaceFlags,
  threads: number,
  signal: AbortSignal,
  onTrouble: (message: string) => void,
): Promise<Place> {
  const patience = parseDuration(devicePatience);
  if (address === undefined) {
    const { timingProcess } = await import('../../device/predict/timing-process.ts');
    const { describeMachine } = await import('../../device/machine.ts');
    const { describeEngine } = await import('../../runtime/engine.ts');
    const { timer, close } = timingProcess(threads, signal);
    return {
      timer,
      close,
      description: {
        device: describeMachine().processor,
        runtime: `onnxruntime-node ${describeEngine().version}`,
        providers: ['cpu'],
      },
      measuredWith: () => ({ provider: 'cpu', threads }),
    };
  }
  const { isCalibrationPath } = await import('../../device/predict/calibrated-device.ts');
  if (isCalibrationPath(address)) refuseCalibration(address);
  const { httpDevice } = await import('../../device/remote/http-device.ts');
  const { patientDevice } = await import('../../device/remote/patience.ts');
  const device = patientDevice(httpDevice(address, { answerSeconds: ANSWER_SECONDS }), {
    seconds: patience,
    onTrouble: (message) => onTrouble(`asking again for up to ${formatSeconds(patience)}: ${message}`),
  });
  const description = await device.describe(signal);
  let measured = { provider: description.providers[0]!, threads };
  return {
    timer: async (encoded) => {
      const found = await device.measure(encoded, { threads, maxSeconds: REMOTE_SECONDS_EACH, signal });
      measured = { provider: found.provider, threads: found.threads };
      return steady(found.p50Ms);
    },
    description,
    measuredWith: () => measured,
    close: async () => undefined,
  };
}

/** @throws USAGE: a calibration predicts, and here something is measured */
export const refuseCalibration = (path: string): never =>
  fail('USAGE', {
    what: `--device ${path}: a calibration cannot measure anything`,
    hint: 'Give the address of a `device serve` or `device page`, http://host:port/#TOKEN; `espalier device predict --calibration FILE` reads a calibration.',
  });

export function readThreads(text: string): number {
  const threads = Number(text);
  if (Number.isInteger(threads) && threads >= 1) return threads;
  return fail('USAGE', {
    what: `--threads ${text}: not a number of threads`,
    hint: 'Write for example --threads 2.',
  });
}
