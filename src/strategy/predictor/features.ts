/**
 * What predictors see of a candidate: its choices one-hot, its cost in logarithms, and a histogram of its network's
 * neighbourhoods.
 *
 * The neighbourhoods are those of Weisfeiler & Leman (as the kernel of Shervashidze et al. 2011, used for architectures
 * by Ru et al. 2021), taken on the reduced network (space/reduce.ts), so that genomes that build the same network look
 * the same in that part, and networks that share structure look alike whatever the space's encoding.
 */
import { encodeOneHot } from '../../space/encoding.ts';
import type { Genome } from '../../space/genome.ts';
import { reduceNetwork } from '../../space/reduce.ts';
import type { Inspected, SuggestRequest, ZeroCostProxy } from '../strategy.ts';

/** Rows of features, standardised per column over the rows; columns that do not vary are left out. */
export interface FeatureMatrix {
  readonly rows: number;
  readonly columns: number;
  /** Row-major, rows × columns. */
  readonly values: Float32Array;
}

/** A candidate's features before standardisation; neighbourhoods as [number, count]. */
interface RawFeatures {
  readonly dense: readonly number[];
  readonly neighbourhoods: ReadonlyMap<number, number>;
}

/** Rounds of refinement: a neighbourhood reaches so many operators back. */
const ROUNDS = 3;

/** What was computed for one study, so that a suggestion pays for new candidates only. */
interface FeatureStore {
  readonly numbers: Map<string, number>;
  readonly raw: Map<Genome, RawFeatures>;
  readonly matrices: WeakMap<readonly Genome[], FeatureMatrix>;
}

const stores = new WeakMap<SuggestRequest['inspect'], FeatureStore>();
/** Raw features kept; the listed genomes' are wanted only once, for the matrix. */
const KEPT = 4_000;

type Source = Pick<SuggestRequest, 'space' | 'inspect' | 'proxies'>;

function storeOf({ inspect }: Source): FeatureStore {
  let store = stores.get(inspect);
  if (store === undefined) {
    store = { numbers: new Map(), raw: new Map(), matrices: new WeakMap() };
    stores.set(inspect, store);
  }
  return store;
}

/** Features of the genomes, in their order; the same array is computed once. Genomes must be buildable. */
export function featureMatrix(source: Source, genomes: readonly Genome[]): FeatureMatrix {
  const { matrices } = storeOf(source);
  let matrix = matrices.get(genomes);
  if (matrix === undefined) {
    matrix = standardised(genomes.map((genome) => rawFeatures(source, genome)));
    matrices.set(genomes, matrix);
  }
  return matrix;
}

function rawFeatures(source: Source, genome: Genome): RawFeatures {
  const store = storeOf(source);
  const known = store.raw.get(genome);
  if (known !== undefined) return known;
  const inspected = source.inspect(genome);
  const raw = {
    dense: [
      ...encodeOneHot(source.space, genome),
      ...costs(inspected),
      ...source.proxies.map((proxy) => proxyFeature(proxy, genome)),
    ],
    neighbourhoods: inspected === null ? new Map<number, number>() : neighbourhoods(inspected, store.numbers),
  };
  if (store.raw.size >= KEPT) store.raw.delete(store.raw.keys().next().value!);
  store.raw.set(genome, raw);
  return raw;
}

const costs = (inspected: Inspected | null): number[] =>
  ['params', 'macs', 'memoryBytes'].map((name) => Math.log1p(inspected?.measures[name] ?? 0));

/** Proxies range over many orders of magnitude; what cannot be computed stands at the middle. */
function proxyFeature(proxy: ZeroCostProxy, genome: Genome): number {
  const score = proxy.score(genome);
  return Number.isFinite(score) ? Math.sign(score) * Math.log1p(Math.abs(score)) : 0;
}

/** How often each neighbourhood of up to ROUNDS operators occurs in the reduced network. */
function neighbourhoods({ network }: Inspected, numbers: Map<string, number>): Map<number, number> {
  const { nodes } = reduceNetwork(network);
  const numberOf = (text: string): number => {
    let number = numbers.get(text);
    if (number === undefined) {
      number = numbers.size;
      numbers.set(text, number);
    }
    return number;
  };
  const counts = new Map<number, number>();
  let colours = nodes.map((node) => numberOf(node.label));
  for (let round = 0; ; round++) {
    for (const colour of colours) counts.set(colour, (counts.get(colour) ?? 0) + 1);
    if (round === ROUNDS - 1) return counts;
    const before = colours;
    colours = nodes.map((node, i) => {
      const inputs = node.inputs.map((input) => before[input]!);
      if (node.commutative) inputs.sort((a, b) => a - b);
      return numberOf(`${before[i]}<${inputs.join(',')}`);
    });
  }
}

/** Neighbourhoods in fewer rows than this tell of single networks, not of what networks share. */
const LEAST_ROWS = 3;
const LEAST_SHARE = 0.005;

function standardised(raw: readonly RawFeatures[]): FeatureMatrix {
  const rows = raw.length;
  const dense = raw[0]?.dense.length ?? 0;
  const columns: Float32Array[] = [];
  const seen = new Set<string>();
  const add = (column: Float32Array): void => {
    const scaled = scale(column);
    if (scaled === null) return;
    // Many neighbourhoods occur always together: one column stands for all.
    const key = fingerprint(scaled);
    if (seen.has(key)) return;
    seen.add(key);
    columns.push(scaled);
  };
  for (let j = 0; j < dense; j++) add(Float32Array.from(raw, (r) => r.dense[j]!));
  const least = Math.max(LEAST_ROWS, LEAST_SHARE * rows);
  const support = new Map<number, number>();
  for (const { neighbourhoods: counts } of raw)
    for (const number of counts.keys()) support.set(number, (support.get(number) ?? 0) + 1);
  const found = new Map<number, Float32Array>();
  for (const [number, count] of support) if (count >= least) found.set(number, new Float32Array(rows));
  for (const [i, { neighbourhoods: counts }] of raw.entries())
    for (const [number, count] of counts) {
      const column = found.get(number);
      if (column !== undefined) column[i] = Math.log1p(count);
    }
  for (const column of found.values()) add(column);
  const values = new Float32Array(rows * columns.length);
  for (const [j, column] of columns.entries())
    for (let i = 0; i < rows; i++) values[i * columns.length + j] = column[i]!;
  return { rows, columns: columns.length, values };
}

/** Of mean 0 and deviation 1; null when it does not vary. */
function scale(column: Float32Array): Float32Array | null {
  let mean = 0;
  for (const value of column) mean += value;
  mean /= column.length;
  let square = 0;
  for (const value of column) square += (value - mean) ** 2;
  const deviation = Math.sqrt(square / column.length);
  if (!(deviation > 1e-7)) return null;
  return column.map((value) => (value - mean) / deviation);
}

/** Equal for equal columns; different ones agree in all three sums only by chance. */
function fingerprint(column: Float32Array): string {
  let [a, b, c] = [0, 0, 0];
  for (let i = 0; i < column.length; i++) {
    const value = column[i]!;
    a += value * ((i % 97) + 1);
    b += value * ((i % 89) + 1);
    c += value * value * ((i % 83) + 1);
  }
  return [a, b, c].map((sum) => sum.toFixed(3)).join();
}
