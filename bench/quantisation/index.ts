/**
 * What 8-bit integers cost in accuracy and gain in speed: networks that are trained here on given images, quantised after
 * training and once more with fine-tuning, beside plain min-max quantisation with one scale for a tensor and, where Python has
 * it, ONNX Runtime's own quantiser. Latencies: one image, one thread, runs of both models in turns, in processor time, which
 * leaves out what other processes take.
 *
 *   npm run bench:int8 -- --data DIR [--data DIR:64 …] [--time 5m | --epochs 4] [--fine-tune 2]
 *                         [--networks resnet-20,mobilenet-v2] [--speed] [--out DIR] [--json]
 *
 * DIR:64 resizes images to 64×64. `--time` bounds the training of each network, reading, test and export included; what comes
 * after takes some minutes more for large data sets. `--networks` also takes paths of .onnx files that Espalier wrote, the
 * winners of searches for example, which are not trained again. `--speed` measures networks with random weights; it needs no
 * data. With --json the last line is `{"machine","engine","ortQuantiser","seconds","rows","speed","targets"}`.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { loadImageDataset } from '../../src/data/load.ts';
import { describeMachine } from '../../src/device/machine.ts';
import { ORT_QUANTISER, pythonWith } from '../../src/quantisation/testing/ort-quantiser.ts';
import { formatSeconds } from '../../src/report/format.ts';
import { engineName } from '../../src/search/engine-name.ts';
import { parseDuration } from '../../src/search/quantity.ts';
import { commandLine } from '../command-line.ts';
import { type AccuracyRow, accuracyRow } from './accuracy.ts';
import { type BenchData, parseData } from './data.ts';
import { accuracyLines, speedLines, verdictLines, verdicts } from './report.ts';
import { speedRows } from './speed.ts';
import { train } from './train.ts';

const { values: flags } = commandLine(import.meta.url, {
  options: {
    data: { type: 'string', multiple: true, default: [] },
    time: { type: 'string' },
    epochs: { type: 'string', default: '4' },
    'fine-tune': { type: 'string', default: '2' },
    'calibration-images': { type: 'string', default: '512' },
    networks: { type: 'string', default: 'resnet-20,mobilenet-v2' },
    speed: { type: 'boolean', default: false },
    out: { type: 'string' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});
if (flags.data.length === 0 && !flags.speed)
  throw new Error('--data DIR: images, as for `espalier search`; or --speed, which needs none');
const began = performance.now();
const { usableCores: threads, processor } = describeMachine();
const networks = flags.networks.split(',');
const seed = Number(flags.seed);
const budget =
  flags.time === undefined ? { epochs: Number(flags.epochs) } : { seconds: parseDuration(flags.time) };
const folder = flags.out ?? mkdtempSync(join(tmpdir(), 'espalier-int8-'));
mkdirSync(folder, { recursive: true });

const python = flags.data.length === 0 ? null : pythonWith(ORT_QUANTISER);
const ortQuantiser =
  python === null
    ? null
    : spawnSync(python, ['-c', 'import onnxruntime; print(onnxruntime.__version__)'], {
        encoding: 'utf8',
      }).stdout.trim();
const say = (...lines: readonly string[]): void => {
  if (!flags.json) console.log(lines.join('\n'));
};
say(`${processor}, ${threads} cores for training; ${engineName()}`);
if (flags.data.length > 0)
  say(
    ortQuantiser === null
      ? "without ONNX Runtime's own quantiser: no Python here has onnxruntime (ESPALIER_PYTHON names another one)"
      : `ONNX Runtime's own quantiser: Python's onnxruntime ${ortQuantiser}`,
  );

async function rowsOf(data: BenchData): Promise<AccuracyRow[]> {
  const rows: AccuracyRow[] = [];
  const { dataset } = await loadImageDataset(data.path, {
    seed,
    ...(data.imageSize !== null && { imageSize: data.imageSize }),
  });
  for (const network of networks) {
    const given = network.endsWith('.onnx');
    const signal = new AbortController().signal;
    const out = join(folder, data.name.replaceAll(' ', '-'), network);
    const path = given ? network : await train({ network, data, out, budget, seed, threads, signal });
    const row = await accuracyRow({
      path,
      network: given ? basename(network) : network,
      data: data.name,
      dataset,
      fineTuneEpochs: Number(flags['fine-tune']),
      calibrationImages: Number(flags['calibration-images']),
      seed,
      threads,
      python,
    });
    rows.push(row);
    say('', ...accuracyLines([row]));
  }
  return rows;
}

const rows: AccuracyRow[] = [];
for (const text of flags.data) rows.push(...(await rowsOf(parseData(text))));
const speed = flags.speed ? await speedRows([...new Set([...networks, 'resnet-20-wide'])]) : [];
if (speed.length > 0) say('', ...speedLines(speed));
const targets = verdicts(rows, speed);
const seconds = (performance.now() - began) / 1000;
say('', ...verdictLines(targets), `${formatSeconds(seconds)} in all`);
if (flags.json)
  console.log(
    JSON.stringify({ machine: processor, engine: engineName(), ortQuantiser, seconds, rows, speed, targets }),
  );
if (flags.out === undefined) rmSync(folder, { recursive: true });
