import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { calibrationOf } from '../../test/fixtures/calibration.ts';
import { formatCalibration } from '../device/predict/calibration-file.ts';
import type { SearchEvent } from './events.ts';
import { keepCalibrations } from './keep-calibrations.ts';
import { runFolder } from './run-folder.ts';

const ROOT = mkdtempSync(join(tmpdir(), 'espalier-kept-'));
afterAll(() => rmSync(ROOT, { recursive: true, force: true }));

test('what happens to a calibration during a run is nothing to it, unless somebody says so', async () => {
  const address = join(ROOT, 'board.json');
  const folder = runFolder(join(ROOT, 'run'));
  const devices = { phone: 'http://127.0.0.1:1/', board: address };
  const warnings: string[] = [];
  const onEvent = (event: SearchEvent) => event.event === 'warning' && warnings.push(event.message);
  const keep = (replaced = {}) => keepCalibrations(folder, devices, { replaced, onEvent });
  const copy = join(folder.calibrations, 'board.json');
  const slowness = (): unknown => JSON.parse(readFileSync(copy, 'utf8')).models.float.slowness;

  writeFileSync(address, formatCalibration(calibrationOf()));
  expect(await keep()).toEqual({ phone: devices.phone, board: copy });
  expect(readFileSync(copy, 'utf8')).toBe(readFileSync(address, 'utf8'));
  // The same file, given again.
  await keep({ board: address });
  expect(warnings).toEqual([]);

  writeFileSync(address, formatCalibration(calibrationOf({ slowness: 1.1 })));
  await keep();
  expect(slowness()).toBe(1);
  await keep({ board: address });
  expect(slowness()).toBe(1.1);
  expect(warnings).toEqual([expect.stringMatching(/^the calibration of board is another one than before/)]);

  rmSync(address);
  expect(await keep()).toEqual({ phone: devices.phone, board: copy });
  await expect(keep({ board: address })).rejects.toThrow('cannot be read');
  expect(slowness()).toBe(1.1);
});
