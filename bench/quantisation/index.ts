/**
 * What 8-bit integers cost in accuracy and gain in speed: networks that are trained here on given images, quantised after
 * training and once more with fine-tuning, each beside its float model.
 *
 *   npm run bench:int8 -- --data DIR [--epochs 4] [--fine-tune 2] [--networks resnet-20,mobilenet-v2] [--out DIR] [--json]
 *
 * `--networks` also takes paths of .onnx classifiers, the winners of searches for example, which are not trained again.
 * With --json the last line is `{"results":[{"network","fineTuned","floatTest","int8Test","floatVal","int8Val",…}]}`.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { describeMachine } from '../../src/device/machine.ts';
import { SearchOptions } from '../../src/search/options.ts';
import { quantizeFile } from '../../src/search/quantize-file.ts';
import { search } from '../../src/search/search.ts';

const { values: flags } = parseArgs({
  options: {
    data: { type: 'string' },
    epochs: { type: 'string', default: '4' },
    'fine-tune': { type: 'string', default: '2' },
    networks: { type: 'string', default: 'resnet-20,mobilenet-v2' },
    out: { type: 'string' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});
if (flags.data === undefined) throw new Error('--data DIR: images, as for `espalier search`');
const data = flags.data;
const signal = new AbortController().signal;
const threads = describeMachine().usableCores;
const folder = flags.out ?? mkdtempSync(join(tmpdir(), 'espalier-int8-'));
mkdirSync(folder, { recursive: true });

/** Trains the one network of a space of this folder. @returns the path of the exported model */
async function train(name: string): Promise<string> {
  const out = join(folder, name);
  const options = SearchOptions.parse({
    data,
    out,
    space: resolve(import.meta.dirname, `${name}.ts`),
    trials: 1,
    epochs: 1,
    dataShare: 0.05,
    finalEpochs: Number(flags.epochs),
    workers: 1,
    threads,
    seed: Number(flags.seed),
  });
  await search(options, { signal, onEvent: () => {} });
  return join(out, 'model.onnx');
}

interface Result {
  readonly network: string;
  /** Epochs. */
  readonly fineTuned: number;
  /** Accuracies, 0..1. */
  readonly floatTest: number | null;
  readonly int8Test: number | null;
  readonly floatVal: number;
  readonly int8Val: number;
  readonly testImages: number;
  /** Float latency over integer latency, measured in turns. */
  readonly speedUp: number;
  readonly floatMs: number;
  readonly int8Ms: number;
  readonly floatLayers: readonly string[];
}

const results: Result[] = [];
for (const network of flags.networks.split(',')) {
  const path = network.endsWith('.onnx') ? network : await train(network);
  for (const fineTuneEpochs of [0, Number(flags['fine-tune'])]) {
    const report = await quantizeFile({
      path,
      out: join(folder, `${results.length}.int8.onnx`),
      data,
      options: {
        method: 'mse',
        target: 'onnxruntime',
        equalise: false,
        biasCorrection: true,
        reducedWeights: false,
        keepFloat: new Set(),
      },
      fineTuneEpochs,
      learningRate: null,
      maxDrop: null,
      calibrationImages: 512,
      sensitivity: false,
      mean: null,
      std: null,
      labels: null,
      seed: null,
      threads,
      latencyThreads: 1,
      signal,
      onProgress: () => {},
    });
    const { float, int8, latency } = report;
    const result: Result = {
      network,
      fineTuned: fineTuneEpochs,
      floatTest: float.testAccuracy,
      int8Test: int8.testAccuracy,
      floatVal: float.valAccuracy,
      int8Val: int8.valAccuracy,
      testImages: float.testCount,
      speedUp: latency.speedUp,
      floatMs: latency.firstMs,
      int8Ms: latency.secondMs,
      floatLayers: report.floatLayers.map(({ name }) => name),
    };
    results.push(result);
    if (!flags.json) console.log(line(result));
  }
}
if (flags.json) console.log(JSON.stringify({ results }));
if (flags.out === undefined) rmSync(folder, { recursive: true });

function line({ network, fineTuned, floatTest, int8Test, floatVal, int8Val, ...r }: Result): string {
  const percent = (x: number | null): string => (x === null ? '-' : `${(100 * x).toFixed(2)} %`);
  return (
    `${network}, ${fineTuned} epochs of fine-tuning: test ${percent(floatTest)} float, ${percent(int8Test)} int8 ` +
    `(validation ${percent(floatVal)}, ${percent(int8Val)}); ${r.floatMs.toFixed(3)} and ${r.int8Ms.toFixed(3)} ms, ` +
    `${r.speedUp.toFixed(2)} times as fast`
  );
}
