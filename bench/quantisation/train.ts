/** The networks of the benchmark, trained by a search of one point. */
import { join, resolve } from 'node:path';
import { SearchOptions } from '../../src/search/options.ts';
import { search } from '../../src/search/search.ts';
import type { BenchData } from './data.ts';

export interface Training {
  /** Space of this folder that has this one network. */
  readonly network: string;
  readonly data: BenchData;
  /** The run's folder. */
  readonly out: string;
  /** Seconds for reading, training, test and export; or epochs. */
  readonly budget: { readonly seconds: number } | { readonly epochs: number };
  readonly seed: number;
  readonly threads: number;
  readonly signal: AbortSignal;
}

/** @returns the path of the exported model */
export async function train({
  network,
  data,
  out,
  budget,
  seed,
  threads,
  signal,
}: Training): Promise<string> {
  const options = SearchOptions.parse({
    data: data.path,
    out,
    space: resolve(import.meta.dirname, `${network}.ts`),
    // The one trial only shows how fast the network trains.
    trials: 1,
    epochs: 1,
    dataShare: 0.05,
    ...('seconds' in budget ? { timeSeconds: budget.seconds } : { finalEpochs: budget.epochs }),
    ...(data.imageSize !== null && { imageSize: data.imageSize }),
    workers: 1,
    threads,
    seed,
  });
  await search(options, { signal, onEvent: () => {} });
  return join(out, 'model.onnx');
}
