/**
 * Candidates that a predictor chooses among: all networks where the space can be listed, else neighbours of the best
 * trials and random draws, of which only those are built that look best by their choices.
 */
import { crossGenomes } from '../../space/crossover.ts';
import { encodeOneHot } from '../../space/encoding.ts';
import type { Genome } from '../../space/genome.ts';
import { mutateGenome } from '../../space/mutation.ts';
import type { Observation, SuggestRequest, ZeroCostProxy } from '../strategy.ts';
import { type FeatureMatrix, featureMatrix, withBlock } from './feature-matrix.ts';
import { rawFeatures } from './features.ts';
import { fitForest, predictForest } from './forest.ts';
import { keyOf, listing, rowIn } from './listed-features.ts';
import { proxyColumns } from './proxy-columns.ts';
import { normalScores } from './targets.ts';

export interface Pool {
  readonly features: FeatureMatrix;
  /** Rows of candidates. In a listed space these are all, also those whose networks were proposed. */
  readonly rows: Int32Array;
  /** The row of a trial; undefined where it lies outside of a listed space (other bounds, an earlier study). */
  readonly rowOf: (genome: Genome) => number | undefined;
  /** A genome of the row that may be proposed; null when there is none. */
  readonly genome: (row: number) => Genome | null;
}

export interface PoolOptions {
  /** Candidates that are built where the space cannot be listed. */
  readonly size: number;
  /** Candidates that are made before: those to build are chosen by their choices alone. */
  readonly made: number;
  /** Share of the built ones drawn at random. */
  readonly randomShare: number;
  /** Best trials whose neighbours are taken. */
  readonly parents: number;
}

/** @param ranked complete trials that are learnt from, the best first */
export function candidatePool(
  request: SuggestRequest,
  ranked: readonly Observation[],
  options: PoolOptions,
): Pool {
  const all = request.listed();
  if (all === null) return generated(request, ranked, options);
  const list = listing(request, all);
  const { matrix, members } = list;
  return {
    features: matrix,
    rows: Int32Array.from({ length: matrix.rows }, (_, row) => row),
    rowOf: (genome) => rowIn(list, request, genome),
    genome: (row) => {
      for (const place of members[row]!) if (request.accept(all[place]!)) return all[place]!;
      return null;
    },
  };
}

/** Columns of a generated pool's neighbourhoods: its matrix is made anew for every suggestion. */
export const MOST_NEIGHBOURHOODS = 256;

function generated(request: SuggestRequest, ranked: readonly Observation[], options: PoolOptions): Pool {
  const trials = [...ranked.map((o) => o.genome), ...request.running.map((o) => o.genome)];
  const found = candidates(request, ranked, options);
  const genomes = [...trials, ...found];
  const matrix = featureMatrix(
    request.space,
    genomes.map((genome) => rawFeatures(request, genome)),
    { mostNeighbourhoods: MOST_NEIGHBOURHOODS },
  );
  const rows = new Map(genomes.map((genome, row) => [keyOf(genome), row]));
  return {
    features: withProxyBlock(matrix, request.proxies, genomes),
    rows: Int32Array.from(found.keys(), (i) => trials.length + i),
    rowOf: (genome) => rows.get(keyOf(genome)),
    genome: (row) => genomes[row]!,
  };
}

/** The matrix with the proxies of its rows' genomes; without those that take time: every suggestion has rows of its own. */
export const withProxyBlock = (
  matrix: FeatureMatrix,
  proxies: readonly ZeroCostProxy[],
  genomes: readonly Genome[],
): FeatureMatrix =>
  withBlock(
    matrix,
    'proxies',
    proxyColumns(
      proxies.filter(({ most }) => most === undefined),
      genomes.map((genome) => [genome]),
    ),
  );

/** Acceptable genomes, none twice. */
function candidates(
  request: SuggestRequest,
  ranked: readonly Observation[],
  { size, made, randomShare, parents }: PoolOptions,
): Genome[] {
  const { space, accept, draw } = request;
  const random = request.random.split('pool');
  const found = new Map<string, Genome>();
  const add = (genome: Genome | null): void => {
    if (genome !== null && !found.has(keyOf(genome)) && accept(genome)) found.set(keyOf(genome), genome);
  };
  const best = ranked.slice(0, parents);
  const wanted = best.length === 0 ? size : Math.ceil(randomShare * size);
  for (let i = 0; i < wanted; i++) add(draw(random.split('draw', i)));
  if (best.length === 0) return [...found.values()];
  const children = new Map<string, Genome>();
  for (let i = 0; children.size < made && i < 2 * made; i++) {
    const child = childOf();
    children.set(keyOf(child), child);
  }
  const ordered = byChoices(request, ranked, [...children.values()]);
  for (let i = 0; i < ordered.length && found.size < size; i++) add(ordered[i]!);
  return [...found.values()];

  function childOf(): Genome {
    // The better, the more neighbours.
    const parent = best[Math.min(random.int(best.length), random.int(best.length))]!.genome;
    if (random.next() >= 0.2) return mutateGenome(space, parent, random, 1 + random.int(3));
    const child = crossGenomes(space, parent, random.pick(best).genome, random);
    return random.next() < 0.5 ? mutateGenome(space, child, random) : child;
  }
}

/** Trials from which a ranking by choices is better than chance. */
const LEAST_RANKED = 8;
/** The latest genomes' encodings are asked for again with the next suggestion. */
const encodings = new WeakMap<object, Float64Array>();

function oneHot(space: SuggestRequest['space'], genome: Genome): Float64Array {
  if (typeof genome !== 'object' || genome === null) return encodeOneHot(space, genome);
  let found = encodings.get(genome);
  if (found === undefined) {
    found = encodeOneHot(space, genome);
    encodings.set(genome, found);
  }
  return found;
}

/** The genomes in the order in which a forest on the choices alone would try them; optimistic, so that new choices count. */
function byChoices(
  { space, random }: SuggestRequest,
  ranked: readonly Observation[],
  genomes: readonly Genome[],
): readonly Genome[] {
  if (ranked.length < LEAST_RANKED) return genomes;
  const encoded = [...ranked.map((o) => o.genome), ...genomes].map((genome) => oneHot(space, genome));
  const [rows, columns] = [encoded.length, encoded[0]!.length];
  if (columns === 0) return genomes;
  const values = new Float32Array(rows * columns);
  for (const [i, row] of encoded.entries()) for (let j = 0; j < columns; j++) values[j * rows + i] = row[j]!;
  const features: FeatureMatrix = { rows, columns, values, blocks: [], linear: [] };
  const targets = normalScores(ranked.map((_, i) => -i));
  const views = [{ columns: Array.from({ length: columns }, (_, j) => j), always: [] }];
  const forest = fitForest(
    features,
    [...ranked.keys()],
    targets,
    { trees: 16, columnShare: 0.5, mostColumns: 16, views, minSplit: 4, rowShare: 0.8 },
    random.split('choices'),
  );
  const asked = Int32Array.from(genomes.keys(), (i) => ranked.length + i);
  const { mean, deviation } = predictForest(forest, features, asked);
  const worth = mean.map((m, i) => m + deviation[i]!);
  return [...genomes.keys()].sort((a, b) => worth[b]! - worth[a]! || a - b).map((i) => genomes[i]!);
}
