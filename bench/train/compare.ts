/** Trains one network with Espalier and with PyTorch in turn. */
import type { BenchNetwork } from './networks/bench-network.ts';
import type { TurnResult, WorkerTask } from './protocol.ts';
import { startEspalier, startTorch, type TorchSettings, type Worker } from './worker.ts';

/** A row of the benchmark's result. */
export interface Comparison {
  readonly network: string;
  readonly threads: number;
  readonly batch: number;
  /** Both rates are over the same rounds: see {@link middleRounds}. */
  readonly imagesPerSecond: number;
  readonly torchImagesPerSecond: number;
  /** The one divided by the other. */
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
  readonly torchSettings: TorchSettings;
}

/**
 * Every side is a process of its own, all are alive at once and take turns, so that whatever else the machine does falls
 * on all of them alike. PyTorch runs in both memory formats; the faster one counts.
 */
export async function compare(bench: BenchNetwork, options: CompareOptions): Promise<Comparison> {
  const { threads, batch, rounds, seconds, python, torchSettings } = options;
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
    for (const channelsLast of layouts)
      workers.push(await startTorch(python, { ...task, channelsLast }, torchSettings));
    if (new Set(workers.map((w) => w.parameters)).size > 1)
      throw new Error(
        `${network}: the two definitions differ: ${workers.map((w) => w.parameters).join(', ')} parameters`,
      );
    const results: TurnResult[][] = workers.map(() => []);
    for (let round = 0; round < rounds; round++) {
      // Whoever comes first in one round comes last in another.
      for (let i = 0; i < workers.length; i++) {
        const side = (i + round) % workers.length;
        const result = await workers[side]!.turn({ seconds });
        if (!Number.isFinite(result.loss))
          throw new Error(`${network}: the loss of side ${side} is ${result.loss}`);
        results[side]!.push(result);
      }
    }
    const torch = results.length === 3 && rate(results[2]!) > rate(results[1]!) ? 2 : 1;
    const middle = middleRounds(results[0]!.map((own, i) => rate([own]) / rate([results[torch]![i]!])));
    const [own, other] = [results[0]!, results[torch]!].map((side) => rate(middle.map((i) => side[i]!)));
    return {
      network,
      threads,
      batch,
      imagesPerSecond: round1(own!),
      torchImagesPerSecond: round1(other!),
      ratio: Number((own! / other!).toFixed(3)),
      peakMiB: Math.round(results[0]!.at(-1)!.peakMiB),
      torchPeakMiB: Math.round(results[torch]!.at(-1)!.peakMiB),
    };
  } finally {
    for (const worker of workers) worker.close();
  }
}

/** Images a second over all the given turns together. */
function rate(turns: readonly TurnResult[]): number {
  const sum = (of: (turn: TurnResult) => number): number =>
    turns.reduce((total, turn) => total + of(turn), 0);
  return sum((t) => t.images) / sum((t) => t.seconds);
}

/**
 * The rounds that count: those whose ratio is in the middle, without the lowest and the highest quarter. In those
 * something else ran beside one of the two.
 */
function middleRounds(ratios: readonly number[]): readonly number[] {
  const order = ratios.map((_, i) => i).toSorted((a, b) => ratios[a]! - ratios[b]!);
  const cut = Math.floor(order.length / 4);
  return order.slice(cut, order.length - cut);
}

const round1 = (x: number): number => Math.round(x * 10) / 10;

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
