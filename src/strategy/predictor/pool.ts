/**
 * Candidates that a predictor chooses among: all that may be proposed where the space can be listed, else neighbours of
 * the best trials and random draws.
 */
import { crossGenomes } from '../../space/crossover.ts';
import type { Genome } from '../../space/genome.ts';
import { mutateGenome } from '../../space/mutation.ts';
import type { Observation, SuggestRequest } from '../strategy.ts';
import { type FeatureMatrix, featureMatrix } from './features.ts';

export interface Pool {
  readonly features: FeatureMatrix;
  /** Row of each known trial, in the order given. */
  readonly known: readonly number[];
  /** Rows that may be proposed. */
  readonly open: Int32Array;
  readonly genome: (row: number) => Genome;
}

export interface PoolOptions {
  /** Candidates generated where the space cannot be listed. */
  readonly size: number;
  /** Share of them drawn at random. */
  readonly randomShare: number;
  /** Best trials whose neighbours are taken. */
  readonly parents: number;
}

const rowsOfListed = new WeakMap<readonly Genome[], ReadonlyMap<string, number>>();
const keyOf = (genome: Genome): string => JSON.stringify(genome);

/** @param ranked known complete trials, the best first */
export function candidatePool(
  request: SuggestRequest,
  ranked: readonly Observation[],
  options: PoolOptions,
): Pool {
  const all = request.listed();
  if (all === null) return generated(request, ranked, options);
  let rows = rowsOfListed.get(all);
  if (rows === undefined) {
    rows = new Map(all.map((genome, row) => [keyOf(genome), row]));
    rowsOfListed.set(all, rows);
  }
  const open: number[] = [];
  for (const [row, genome] of all.entries()) if (request.accept(genome)) open.push(row);
  return {
    features: featureMatrix(request, all),
    // A trial of an earlier study may lie outside of today's bounds; its nearest stand-in is itself, added nowhere.
    known: ranked.map(({ genome }) => rows.get(keyOf(genome)) ?? -1),
    open: Int32Array.from(open),
    genome: (row) => all[row]!,
  };
}

function generated(
  request: SuggestRequest,
  ranked: readonly Observation[],
  { size, randomShare, parents }: PoolOptions,
): Pool {
  const { space, accept, draw } = request;
  const random = request.random.split('pool');
  const found = new Map<string, Genome>();
  const add = (genome: Genome | null): void => {
    if (genome !== null && !found.has(keyOf(genome)) && accept(genome)) found.set(keyOf(genome), genome);
  };
  const best = ranked.slice(0, parents);
  const wanted = best.length === 0 ? size : Math.ceil(randomShare * size);
  for (let i = 0; i < wanted; i++) add(draw(random.split('draw', i)));
  for (let i = 0; best.length > 0 && found.size < size && i < 4 * size; i++) {
    // The better, the more neighbours.
    const parent = best[Math.min(random.int(best.length), random.int(best.length))]!.genome;
    if (random.next() < 0.2) {
      const child = crossGenomes(space, parent, random.pick(best).genome, random);
      add(random.next() < 0.5 ? mutateGenome(space, child, random) : child);
    } else add(mutateGenome(space, parent, random, 1 + random.int(3)));
  }
  const genomes = [...ranked.map((o) => o.genome), ...found.values()];
  return {
    features: featureMatrix(request, genomes),
    known: [...ranked.keys()],
    open: Int32Array.from({ length: found.size }, (_, i) => ranked.length + i),
    genome: (row) => genomes[row]!,
  };
}
