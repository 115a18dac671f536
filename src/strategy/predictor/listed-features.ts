/** The matrix of a space that can be listed: one row for each network, however many genomes build it. */
import type { Genome } from '../../space/genome.ts';
import type { SuggestRequest, ZeroCostProxy } from '../strategy.ts';
import { featureKey, type ListedFeatures, readFeatures, writeFeatures } from './feature-file.ts';
import { type FeatureMatrix, featureMatrix, type RowFeatures, withBlock } from './feature-matrix.ts';
import { type FeatureSource, rawFeatures } from './features.ts';
import { compare, plainnessOf } from './plainness.ts';
import { proxyColumns } from './proxy-columns.ts';

/** A list with proxies. */
export interface Listing {
  readonly matrix: FeatureMatrix;
  /** By row: the places in the list of the genomes that build it, the plainest first. */
  readonly members: readonly (readonly number[])[];
  /**
   * Places in the list, those of plainer networks first: by multiply-accumulates, parameters, operators once the
   * network is reduced, and connections as it stands. Of genomes that build one network those without dead branches come first,
   * which devices may well run.
   */
  readonly order: Int32Array;
  /** By genome as JSON: the row of its network. */
  readonly rowByKey: ReadonlyMap<string, number>;
  readonly rowByIdentity: ReadonlyMap<string, number>;
}

export const keyOf = (genome: Genome): string => JSON.stringify(genome);

/** Lists below this size are computed before a file would be found. */
const LEAST_FILED = 1_000;

const listings = new WeakMap<readonly Genome[], Listing>();
const withProxies = new WeakMap<readonly Genome[], WeakMap<readonly ZeroCostProxy[], Listing>>();

/**
 * Makes the listing of an array in small steps, so that other work can have its turn between them; nothing where it is made
 * already. Genomes must be buildable.
 * @yields the share that is done, 0..1
 */
export function* listingSteps(source: FeatureSource, genomes: readonly Genome[]): Generator<number, void> {
  if (!listings.has(genomes)) listings.set(genomes, yield* listed(source, genomes));
}

/** The same array is computed once; {@link listingSteps} may have done it. Genomes must be buildable. */
export function listing(
  request: Pick<SuggestRequest, 'space' | 'inspect' | 'proxies'>,
  genomes: readonly Genome[],
): Listing {
  const proxies = affordable(request.proxies, genomes.length);
  for (const _ of listingSteps(request, genomes));
  const plain = listings.get(genomes)!;
  if (proxies.length === 0) return plain;
  let known = withProxies.get(genomes);
  if (known === undefined) {
    known = new WeakMap();
    withProxies.set(genomes, known);
  }
  let found = known.get(proxies);
  if (found === undefined) {
    const networks = plain.members.map((places) => places.map((place) => genomes[place]!));
    found = { ...plain, matrix: withBlock(plain.matrix, 'proxies', proxyColumns(proxies, networks)) };
    known.set(proxies, found);
  }
  return found;
}

const affordableOnes = new WeakMap<readonly ZeroCostProxy[], readonly ZeroCostProxy[]>();

/** Scores that take time are not computed for a long list. The same array for the same proxies. */
function affordable(proxies: readonly ZeroCostProxy[], count: number): readonly ZeroCostProxy[] {
  if (proxies.every(({ most = count }) => count <= most)) return proxies;
  let found = affordableOnes.get(proxies);
  if (found === undefined) {
    found = proxies.filter(({ most = count }) => count <= most);
    affordableOnes.set(proxies, found);
  }
  return found;
}

function* listed(source: FeatureSource, genomes: readonly Genome[]): Generator<number, Listing> {
  const filed = genomes.length >= LEAST_FILED;
  const key = filed ? featureKey(source, genomes) : '';
  let features = filed ? readFeatures(key) : null;
  if (features === null) {
    features = yield* computed(source, genomes);
    if (filed) writeFeatures(key, features);
  }
  const { matrix, rowOf, order, identities } = features;
  const members = Array.from({ length: matrix.rows }, (): number[] => []);
  for (const place of order) members[rowOf[place]!]!.push(place);
  return {
    matrix,
    members,
    order,
    rowByKey: new Map(genomes.map((genome, i) => [keyOf(genome), rowOf[i]!])),
    rowByIdentity: new Map(identities.map((identity, row) => [identity, row])),
  };
}

/** The row of a genome's network, also where the list holds it by another genome; undefined outside of the list. */
export function rowIn(
  { rowByKey, rowByIdentity }: Listing,
  source: FeatureSource,
  genome: Genome,
): number | undefined {
  return rowByKey.get(keyOf(genome)) ?? rowByIdentity.get(rawFeatures(source, genome).identity);
}

function* computed(source: FeatureSource, genomes: readonly Genome[]): Generator<number, ListedFeatures> {
  const rows = new Map<string, number>();
  const raw: (RowFeatures & { readonly choices: Float64Array })[] = [];
  const counts: number[] = [];
  const rowOf = new Int32Array(genomes.length);
  const plainness: (readonly number[])[] = [];
  for (const [place, genome] of genomes.entries()) {
    const { identity, ...features } = rawFeatures(source, genome);
    plainness.push(plainnessOf(source, genome));
    const row = rows.get(identity);
    if (row === undefined) {
      rowOf[place] = raw.length;
      rows.set(identity, raw.length);
      counts.push(1);
      raw.push({ ...features, choices: features.choices.slice() });
    } else {
      rowOf[place] = row;
      // Where several genomes build one network, what they do not agree in does not matter.
      const { choices } = raw[row]!;
      for (let j = 0; j < choices.length; j++) choices[j] = choices[j]! + features.choices[j]!;
      counts[row]!++;
    }
    yield place / genomes.length;
  }
  for (const [row, { choices }] of raw.entries())
    for (let j = 0; j < choices.length; j++) choices[j] = choices[j]! / counts[row]!;
  return {
    matrix: featureMatrix(source.space, raw, { merged: true }),
    rowOf,
    order: Int32Array.from(genomes.keys()).sort((a, b) => compare(plainness[a]!, plainness[b]!) || a - b),
    identities: [...rows.keys()],
  };
}
