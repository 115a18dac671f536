/**
 * Training steps a second against PyTorch on this machine.
 *
 *   npm run bench:train -- [--network NAME]… [--threads 1,2] [--batch N] [--seconds S] [--rounds R]
 *     [--torch-settings fastest|stock] [--json]
 *
 * Same networks, batch, threads and optimiser (SGD with Nesterov momentum and weight decay); both sides do the whole step
 * on one batch of random data. Needs a Python that can import torch. With `--json` the last line holds the results.
 *
 * `--torch-settings fastest` (the default) runs PyTorch with an allocator that keeps its memory and with huge pages;
 * `stock` runs it as Debian's python3-torch and libopenblas0-pthread come, with nothing set but the number of threads.
 */
import { spawnSync } from 'node:child_process';
import { availableParallelism, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { TORCH_PYTHON } from '../../src/autodiff/testing/torch.ts';
import { commandLine } from '../command-line.ts';
import { type Comparison, compare } from './compare.ts';
import { BENCH_NETWORKS } from './networks/index.ts';
import type { TorchSettings } from './worker.ts';

const { values } = commandLine(import.meta.url, {
  options: {
    network: { type: 'string', multiple: true },
    threads: { type: 'string', default: '1,2' },
    batch: { type: 'string' },
    /** Of each side in each round. */
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '5' },
    'torch-settings': { type: 'string', default: 'fastest' },
    json: { type: 'boolean', default: false },
  },
});

const names = values.network?.flatMap((n) => n.split(','));
const networks = BENCH_NETWORKS.filter((n) => names?.includes(n.name) ?? true);
if (networks.length < (names?.length ?? 1))
  stop(`There is no such network; there are ${BENCH_NETWORKS.map((n) => n.name).join(', ')}.`);
if (TORCH_PYTHON === null)
  stop('No Python that can import torch was found: there is nothing to compare with.');
const python = TORCH_PYTHON;
const positive = (name: string, text: string): number => {
  const value = Number(text);
  return value > 0 ? value : stop(`--${name} must be a positive number, not "${text}".`);
};
const threadCounts = values.threads.split(',').map((t) => positive('threads', t));
const seconds = positive('seconds', values.seconds);
const rounds = positive('rounds', values.rounds);
const torchSettings = settingsNamed(values['torch-settings']);

const load = loadavg()[0]!;
const cores = availableParallelism();
console.log(`${cores} cores, load ${load.toFixed(2)} before the start`);
if (load > cores / 4) console.log('Other work is running: only the ratios mean something.');

if (names?.includes('resnet20') ?? true) {
  const startup = fileURLToPath(new URL('./startup.ts', import.meta.url));
  const { stdout } = spawnSync(process.execPath, ['--import', 'tsx', startup], { encoding: 'utf8' });
  console.log(`From network to first step, resnet20, 1 thread\n${stdout}`);
}

console.log(`PyTorch with its ${torchSettings} settings`);
console.log('network          threads batch   images/s    PyTorch  ratio  peak MiB  PyTorch');
const results: Comparison[] = [];
for (const network of networks) {
  for (const threads of threadCounts) {
    const batch = values.batch === undefined ? network.batch : positive('batch', values.batch);
    const row = await compare(network, { threads, batch, rounds, seconds, python, torchSettings });
    results.push(row);
    console.log(
      [
        row.network.padEnd(16),
        String(row.threads).padStart(7),
        String(row.batch).padStart(5),
        row.imagesPerSecond.toFixed(1).padStart(10),
        row.torchImagesPerSecond.toFixed(1).padStart(10),
        row.ratio.toFixed(2).padStart(6),
        String(row.peakMiB).padStart(9),
        String(row.torchPeakMiB).padStart(8),
      ].join(' '),
    );
  }
}
if (values.json) console.log(JSON.stringify({ results }));

function settingsNamed(name: string): TorchSettings {
  if (name === 'fastest' || name === 'stock') return name;
  return stop(`--torch-settings must be fastest or stock, not "${name}".`);
}

function stop(message: string): never {
  console.error(message);
  process.exit(2);
}
