/**
 * A run's own copies of the calibrations of its devices: a file that is adjusted, made anew or moved meanwhile must not give its
 * later trials other latencies than the former ones have.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { isCalibrationPath } from '../device/predict/calibrated-device.ts';
import { readCalibration } from '../device/predict/calibration-file.ts';
import { diskReason, writeWhole } from '../disk.ts';
import { fail } from '../errors.ts';
import type { OnEvent } from './events.ts';
import type { SearchOptions } from './options.ts';
import type { RunFolder } from './run-folder.ts';

/**
 * @param replaced devices whose address somebody gives now: those copies are made anew, with a warning where they differ
 * @returns the devices, calibrations by the paths of their copies
 * @throws USAGE when there is neither a copy nor a calibration; STORAGE
 */
export async function keepCalibrations(
  { calibrations }: Pick<RunFolder, 'calibrations'>,
  devices: SearchOptions['devices'],
  { replaced, onEvent }: { readonly replaced: SearchOptions['devices']; readonly onEvent: OnEvent },
): Promise<SearchOptions['devices']> {
  const kept: Record<string, string> = {};
  for (const [name, address] of Object.entries(devices)) {
    if (!isCalibrationPath(address)) {
      kept[name] = address;
      continue;
    }
    const copy = join(calibrations, `${name}.json`);
    const isThere = existsSync(copy);
    if (!isThere || Object.hasOwn(replaced, name)) {
      const calibration = await readCalibration(address);
      if (isThere && !isDeepStrictEqual(calibration, await readCalibration(copy)))
        onEvent({
          event: 'warning',
          message: `the calibration of ${name} is another one than before: latencies of earlier trials are not comparable`,
        });
      await mkdir(calibrations, { recursive: true }).catch((cause) =>
        fail('STORAGE', { path: calibrations, reason: diskReason(cause) }, cause),
      );
      await writeWhole(copy, await readFile(address));
    }
    kept[name] = copy;
  }
  return kept;
}
