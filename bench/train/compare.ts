/** Trains one network with Espalier and with PyTorch in turn. */
import type { BenchNetwork } from './networks/bench-network.ts';
import type { TurnResult, WorkerTask } from './protocol.ts';
import { startEspalier, startTorch, type Worker } from './worker.ts';

/** A row of the benchmark's result. */
export interface Comparison {
  readonly network: string;
  readonly threads: number;
  readonly batch: number;
  readonly imagesPerSecond: number;
  readonly torchImagesPerSecond: number;
  /** Median over the rounds of Espalier's rate divided by that of PyTorch in the same round. */
  readonly ratio: number;
  readonly peakMiB: number;
  readonly torchPeakMiB: number;
}

export interface CompareOptions {
  readonly threads: number;
  readonly batch: number;
  readonly rounds: number;
  /** Of each side in each round. */
  readonly seconds: number;
  readonly python: string;
}

/**
 * Every side is a process of its own, all are alive at once and take turns, so that whatever else the machine does falls
 * on all of them alike. PyTorch runs in both memory formats; the faster one counts.
 */
export async function compare(bench: BenchNetwork, options: CompareOptions): Promise<Comparison> {
  const { threads, batch, rounds, seconds, python } = options;
  const { name: network, definition, inputShape, classes, labels } = bench;
  const task: WorkerTask = {
    network,
    definition,
    inputShape,
    classes,
    labels,
    batch,
    threads,
    channelsLast: false,
  };
  const layouts = inputShape.length === 3 ? [false, true] : [false];
  const workers: Worker[] = [];
  try {
    workers.push(await startEspalier(task));
    for (const channelsLast of layouts) workers.push(await startTorch(python, { ...task, channelsLast }));
    if (new Set(workers.map((w) => w.parameters)).size > 1)
      throw new Error(
        `${network}: the two definitions differ: ${workers.map((w) => w.parameters).join(', ')} parameters`,
      );
    const results: TurnResult[][] = workers.map(() => []);
    for (let round = 0; round < rounds; round++) {
      for (const [i, worker] of workers.entries()) {
        const result = await worker.turn({ seconds });
        if (!Number.isFinite(result.loss))
          throw new Error(`${network}: the loss of side ${i} is ${result.loss}`);
        results[i]!.push(result);
      }
    }
    const rates = results.map((side) => side.map((r) => r.images / r.seconds));
    const torch = rates.length === 3 && median(rates[2]!) > median(rates[1]!) ? 2 : 1;
    return {
      network,
      threads,
      batch,
      imagesPerSecond: round1(median(rates[0]!)),
      torchImagesPerSecond: round1(median(rates[torch]!)),
      ratio: Number(median(rates[0]!.map((r, i) => r / rates[torch]![i]!)).toFixed(3)),
      peakMiB: Math.round(results[0]!.at(-1)!.peakMiB),
      torchPeakMiB: Math.round(results[torch]!.at(-1)!.peakMiB),
    };
  } finally {
    for (const worker of workers) worker.close();
  }
}

const round1 = (x: number): number => Math.round(x * 10) / 10;

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
