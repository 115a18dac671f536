/** A search by a calibration that somebody adjusts meanwhile: its trials remain comparable. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { runCli } from '../src/cli/program.ts';
import { formatCalibration } from '../src/device/predict/calibration-file.ts';
import { floatKernels } from '../src/device/predict/kernels.ts';
import { partsOf, workOf } from '../src/device/predict/work.ts';
import { EXIT } from '../src/errors.ts';
import { deployedGraph } from '../src/network/deployed-graph.ts';
import { createRandom } from '../src/random.ts';
import { PRESETS } from '../src/space/presets/index.ts';
import { sampleNetwork } from '../src/space/sample-network.ts';
import { calibrationOf } from './fixtures/calibration.ts';
import { writeIdxImages } from './fixtures/idx-images.ts';

const ROOT = mkdtempSync(join(tmpdir(), 'espalier-calibrated-'));
const DATA = join(ROOT, 'images');
const RUN = join(ROOT, 'run');
afterAll(() => rmSync(ROOT, { recursive: true, force: true }));

const IO = { inputShape: [1, 28, 28], outputs: 10 } as const;

/** A board on which every network of `residual` takes so long. */
function writeBoard(path: string, ms: number): void {
  const works = Array.from({ length: 200 }, (_, i) =>
    workOf(floatKernels(deployedGraph(sampleNetwork(PRESETS.residual, createRandom(i), IO).network))),
  );
  const known = [...new Set(works.flatMap((work) => [...work.keys()].map((name) => partsOf(name).kind)))];
  writeFileSync(path, formatCalibration(calibrationOf({ coefficients: { run: ms }, known })));
}

async function espalier(...args: readonly string[]): Promise<string> {
  let [out, err] = ['', ''];
  const code = await runCli([...args, '--json'], {
    stdout: { write: (text: string) => (out += text) },
    stderr: { write: (text: string) => (err += text) },
  });
  expect([code, err]).toEqual([EXIT.ok, expect.any(String)]);
  return `${out}${err}`;
}

const latencies = (): number[] =>
  JSON.parse(readFileSync(join(RUN, 'trials.json'), 'utf8')).map(
    ({ measures }: { measures: Record<string, number> }) => measures['latencyMs@board'],
  );

test('a search keeps to the calibration that it began with, until it is given another', async () => {
  writeIdxImages(DATA, { train: 200, test: 50 });
  const board = join(ROOT, 'board.json');
  writeBoard(board, 2);
  const options = '--space residual --trials 1 --epochs 1 --final-epochs 1 --max-macs 2M --workers 1';
  const device = ['--device', `board=${board}`];
  const bounds = ['--objectives', 'valAccuracy,latencyMs@board', '--front', '1'];
  await espalier('search', DATA, ...options.split(' '), ...device, ...bounds, '--out', RUN);
  expect(latencies()).toEqual([2]);

  writeBoard(board, 3);
  expect(await espalier('resume', RUN, '--trials', '2')).not.toContain('another one than before');
  expect(latencies()).toEqual([2, 2]);

  const said = await espalier('resume', RUN, '--trials', '3', ...device);
  expect(said).toContain('the calibration of board is another one than before');
  expect(latencies()).toEqual([2, 2, 3]);
}, 240_000);
