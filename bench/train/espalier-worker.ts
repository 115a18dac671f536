/** One Espalier process of the training benchmark; see protocol.ts. */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { espalierSide, randomBatch } from './espalier-side.ts';
import { BENCH_NETWORKS } from './networks/index.ts';
import type { Ready, Turn, TurnResult, WorkerTask } from './protocol.ts';

/** Steps before the first measured one: memory is laid out, caches are warm. */
const WARM_UP = 3;

const task = JSON.parse(process.argv[2]!) as WorkerTask;
const bench = BENCH_NETWORKS.find((n) => n.name === task.network)!;
const network = bench.build(task.inputShape, task.classes);
const side = await espalierSide(network, { feeds: randomBatch(bench, task.batch), threads: task.threads });
for (let i = 0; i < WARM_UP; i++) await side.run();
say({ parameters: side.parameters });

for await (const line of createInterface({ input: process.stdin })) {
  const { seconds } = JSON.parse(line) as Turn;
  const began = performance.now();
  let [steps, loss, elapsed] = [0, 0, 0];
  while (elapsed < seconds) {
    const done = await side.run();
    loss = done.loss;
    steps += done.steps;
    elapsed = (performance.now() - began) / 1000;
  }
  say({ images: steps * task.batch, seconds: elapsed, peakMiB: peakMiB(), loss });
}
await side.release();

function say(message: Ready | TurnResult): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

function peakMiB(): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))![1]) / 1024;
}
