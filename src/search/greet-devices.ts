/** Before a search begins, and before it goes on: who its devices are, and whether they can do what it will ask of them. */
import { openDevice } from '../device/open-device.ts';
import { isCalibrationPath } from '../device/predict/calibrated-device.ts';
import { calibrationAt, PRECISIONS } from '../device/predict/calibration-file.ts';
import { parseDeviceAddress } from '../device/remote/address.ts';
import type { DeviceDescription } from '../device/remote/wire.ts';
import { fail } from '../errors.ts';
import { numberOf } from '../report/format.ts';
import type { StudyStorage } from '../storage/storage.ts';
import { VERSION } from '../version.ts';
import { wantsMemory } from './devices.ts';
import type { OnEvent } from './events.ts';
import type { SearchOptions } from './options.ts';
import { get, put } from './record.ts';

/** How long a search waits for its devices before it begins. */
const GREETING_SECONDS = 10;

/**
 * Asks all devices who they are, before anything is spent on a search whose device is not there.
 * @throws DEVICE_UNREACHABLE, DEVICE_ANSWER; DEVICE_REFUSED, also for a calibration of other threads or without 8 bits
 */
export async function greetDevices(
  options: SearchOptions,
  signal: AbortSignal,
): Promise<Readonly<Record<string, DeviceDescription>>> {
  const greeted = await Promise.all(
    Object.entries(options.devices).map(async ([name, address]) => {
      if (isCalibrationPath(address)) await checkCalibrated(name, address, options);
      const device = openDevice(address, { seconds: GREETING_SECONDS });
      const description = await device.describe(signal);
      checkProvider(name, address, description);
      checkMemory(name, description, options);
      return [name, description] as const;
    }),
  );
  return Object.fromEntries(greeted);
}

/** Greets the devices of a run and keeps who they are; says when one is another than before. @throws as greetDevices */
export async function recordDevices(
  options: SearchOptions,
  storage: StudyStorage,
  {
    onEvent,
    signal,
    side,
  }: {
    readonly onEvent: OnEvent;
    readonly signal: AbortSignal;
    /** Height of the images. */
    readonly side: number;
  },
): Promise<void> {
  if (Object.keys(options.devices).length === 0) return;
  const before = (await get(storage, 'devices')) ?? {};
  const now = await greetDevices(options, signal);
  for (const [name, description] of Object.entries(now)) {
    const former = before[name];
    if (former !== undefined && differs(former, description))
      onEvent({
        event: 'warning',
        message: `the device ${name} is another one than before (${former.device}, ${former.runtime}): its latencies are not comparable`,
      });
  }
  for (const message of await otherSizes(options, side)) onEvent({ event: 'warning', message });
  await put(storage, 'devices', { ...now, ...before });
}

/** Calibrations with images of another size than these, in words. */
async function otherSizes({ devices }: SearchOptions, side: number): Promise<string[]> {
  const calibrated = Object.entries(devices).filter(([, address]) => isCalibrationPath(address));
  const said = calibrated.map(async ([name, address]) => {
    const { inputShape } = await calibrationAt(address);
    return inputShape[1] === side
      ? []
      : [
          `the device ${name} was calibrated with images of ${inputShape[1]} pixels, these have ${side}: its predictions may be further off than they say`,
        ];
  });
  return (await Promise.all(said)).flat();
}

/**
 * What somebody who only asks for the plan is told of the devices, a line each, and what speaks against them.
 * @param side height of the images
 */
export async function describeDevices(
  options: SearchOptions,
  found: Readonly<Record<string, DeviceDescription>>,
  side: number,
): Promise<string[]> {
  const lines = Object.entries(options.devices).map(async ([name, address]) => {
    const { device, runtime, providers, threads, version } = found[name]!;
    if (isCalibrationPath(address)) {
      const { machine, models } = await calibrationAt(address);
      const errors = PRECISIONS.flatMap((precision) => {
        const model = models[precision];
        return model === undefined
          ? []
          : [`${precision === 'int8' ? '8 bits' : precision} ±${(100 * model.relativeError).toFixed(1)} %`];
      });
      return [
        `device ${name}: predicted for ${machine}, ${runtime}, ${numberOf(threads, 'thread')} (${errors.join(', ')})`,
      ];
    }
    const provider = parseDeviceAddress(address).provider ?? providers[0];
    const used = Math.min(threads, options.latencyThreads);
    return [
      `device ${name} answers: ${device}, ${runtime}, provider ${provider}, ${numberOf(used, 'thread')}`,
      ...(used < options.latencyThreads
        ? [`warning: the device ${name} has fewer threads than the ${options.latencyThreads} asked for`]
        : []),
      ...(version === VERSION
        ? []
        : [`warning: the device ${name} runs Espalier ${version}, this is ${VERSION}`]),
    ];
  });
  const warnings = await otherSizes(options, side);
  return [...(await Promise.all(lines)).flat(), ...warnings.map((text) => `warning: ${text}`)];
}

/** That a calibration can predict what the search will ask of it. */
async function checkCalibrated(name: string, path: string, options: SearchOptions): Promise<void> {
  const { threads, models } = await calibrationAt(path);
  const refuse = (reason: string, hint: string): never =>
    fail('DEVICE_REFUSED', { device: name, reason, hint });
  if (threads !== options.latencyThreads)
    refuse(
      `it was calibrated with ${threads} thread${threads === 1 ? '' : 's'}, latency is asked for with ${options.latencyThreads}`,
      `Give --latency-threads ${threads}, or calibrate with --threads ${options.latencyThreads}.`,
    );
  if (models.float === undefined)
    refuse('it cannot predict float models', 'Calibrate the device with `espalier device calibrate --int8`.');
  if (options.int8 && models.int8 === undefined)
    refuse(
      'it cannot predict models in 8 bits',
      'Calibrate the device with `espalier device calibrate --int8`.',
    );
}

/** That a device can tell memory where that is a bound or an objective. */
function checkMemory(name: string, { memory }: DeviceDescription, options: SearchOptions): void {
  if (memory === false && wantsMemory(options, name))
    fail('DEVICE_REFUSED', {
      device: name,
      reason: 'it cannot tell what memory a model takes',
      hint: 'Only `device serve` can: neither a browser nor a calibration does.',
    });
}

function checkProvider(name: string, address: string, { providers }: DeviceDescription): void {
  if (isCalibrationPath(address)) return;
  const { provider } = parseDeviceAddress(address);
  if (provider !== null && !providers.includes(provider))
    fail('DEVICE_REFUSED', {
      device: name,
      reason: `it has no provider "${provider}", only ${providers.join(', ')}`,
      hint: 'WebGPU needs a browser that has it, and a page over https or from localhost.',
    });
}

const differs = (a: DeviceDescription, b: DeviceDescription): boolean =>
  a.device !== b.device || a.runtime !== b.runtime;
