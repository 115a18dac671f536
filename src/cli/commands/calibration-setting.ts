/** What `device calibrate` and `device check` have in common: which networks are timed, and where. */

import type { Precision } from '../../device/predict/calibration-file.ts';
import type { RandomModels } from '../../device/predict/random-models.ts';
import type { Timer } from '../../device/predict/time-briefly.ts';
import type { RoundsProgress } from '../../device/predict/time-in-rounds.ts';
import type { DeviceDescription } from '../../device/remote/wire.ts';
import { fail } from '../../errors.ts';
import type { NetworkIO } from '../../network/network.ts';
import { loadSpace } from '../../search/load-space.ts';
import type { Terminal } from '../terminal.ts';

const CLASSES = 10;
/** Networks between two lines of progress. */
const PROGRESS = 50;
/** How long a device that does not answer is waited for. */
const PATIENCE_SECONDS = 60;
const REMOTE_SECONDS_EACH = 0.1;

export async function randomModels(
  spaces: readonly string[],
  inputShape: NetworkIO['inputShape'],
  precision: Precision,
): Promise<RandomModels> {
  const prepare = precision === 'int8' ? await quantiser() : undefined;
  return {
    spaces: await Promise.all(spaces.map((name) => loadSpace(name))),
    io: { inputShape, outputs: CLASSES },
    ...(prepare && { prepare }),
  };
}

/** Ranges come from noise: they do not change how long a model takes. */
async function quantiser() {
  const { quantise } = await import('../../quantisation/quantise.ts');
  const { exampleFeeds } = await import('../../device/example-feeds.ts');
  return async (model: Parameters<typeof quantise>[0]) => {
    const { feeds } = exampleFeeds(
      model.graph.inputs.map(({ name, dtype, shape }) => ({ name, type: dtype, shape })),
    );
    return (await quantise(model, [feeds], { method: 'minMax', biasCorrection: false })).model;
  };
}

export interface Place {
  readonly timer: Timer;
  readonly description: Pick<DeviceDescription, 'device' | 'runtime' | 'providers'>;
}

/** Where networks are timed: in this process, or on the device at an address. @throws as a device */
export async function placeOf(
  address: string | undefined,
  threads: number,
  signal: AbortSignal,
): Promise<Place> {
  if (address === undefined) {
    const { localTimer } = await import('../../device/predict/time-briefly.ts');
    const { describeMachine } = await import('../../device/machine.ts');
    const { describeEngine } = await import('../../runtime/engine.ts');
    return {
      timer: localTimer(threads),
      description: {
        device: describeMachine().processor,
        runtime: `onnxruntime-node ${describeEngine().version}`,
        providers: ['cpu'],
      },
    };
  }
  const { httpDevice } = await import('../../device/remote/http-device.ts');
  const { patientDevice } = await import('../../device/remote/patience.ts');
  const device = patientDevice(httpDevice(address), { seconds: PATIENCE_SECONDS });
  return {
    timer: async (encoded) =>
      (await device.measure(encoded, { threads, maxSeconds: REMOTE_SECONDS_EACH, signal })).p50Ms,
    description: await device.describe(signal),
  };
}

/** Without the time that is left where nobody can tell. */
type Progress = Omit<RoundsProgress, 'secondsLeft'> & Partial<Pick<RoundsProgress, 'secondsLeft'>>;

export const progressLines =
  (terminal: Terminal, label: string) =>
  ({ round, rounds, networks, secondsLeft }: Progress): void => {
    if (networks % PROGRESS === 0)
      terminal.stderr.write(
        `${label}: round ${round} of ${rounds}, ${networks} networks${secondsLeft === undefined ? '' : `, ${Math.ceil(secondsLeft)} s left`}\n`,
      );
  };

export function readThreads(text: string): number {
  const threads = Number(text);
  if (Number.isInteger(threads) && threads >= 1) return threads;
  return fail('USAGE', {
    what: `--threads ${text}: not a number of threads`,
    hint: 'Write for example --threads 2.',
  });
}
