/**
 * The path encoding of BANANAS (White et al. 2021): which sequences of operators lead through a network. Whole paths of a
 * network of many cells have no bound in number, so sequences of up to four operators stand for them, as the paper cuts
 * off long paths, and are hashed into a fixed number of columns (Weinberger et al. 2009).
 */

import type { Genome } from '../../space/genome.ts';
import { reducedGraph } from '../../space/reduce.ts';
import type { SuggestRequest } from '../strategy.ts';
import { type FeatureMatrix, standardised } from './feature-matrix.ts';

const LONGEST = 4;
const COLUMNS = 256;
/** Sequences that end at one operator and are followed further, at most. */
const FOLLOWED = 64;

/** By genome as JSON: mutants of the same parents come again and again. */
const known = new WeakMap<SuggestRequest['inspect'], Map<string, ReadonlySet<number>>>();
const KEPT = 4_000;

/** One column for each sequence (or those that share a hash): 1 where it occurs; standardised. */
export function pathMatrix(
  request: Pick<SuggestRequest, 'inspect'>,
  genomes: readonly Genome[],
): FeatureMatrix {
  const sets = genomes.map((genome) => pathsOf(request, genome));
  const columns: Float32Array[] = [];
  for (let j = 0; j < COLUMNS; j++) {
    const column = standardised(Float32Array.from(sets, (set) => (set.has(j) ? 1 : 0)));
    if (column !== null) columns.push(column);
  }
  const values = new Float32Array(columns.length * genomes.length);
  for (const [j, column] of columns.entries()) values.set(column, j * genomes.length);
  return { rows: genomes.length, columns: columns.length, values, blocks: [], linear: [] };
}

function pathsOf({ inspect }: Pick<SuggestRequest, 'inspect'>, genome: Genome): ReadonlySet<number> {
  let kept = known.get(inspect);
  if (kept === undefined) {
    kept = new Map();
    known.set(inspect, kept);
  }
  const key = JSON.stringify(genome);
  let found = kept.get(key);
  if (found === undefined) {
    found = hashedPaths(inspect(genome));
    if (kept.size >= KEPT) kept.delete(kept.keys().next().value!);
    kept.set(key, found);
  }
  return found;
}

function hashedPaths(inspected: ReturnType<SuggestRequest['inspect']>): ReadonlySet<number> {
  const columns = new Set<number>();
  if (inspected === null) return columns;
  const ending: (readonly (readonly string[])[])[] = [];
  for (const { label, inputs } of reducedGraph(inspected.network).nodes) {
    const own = new Map<string, readonly string[]>([[label, [label]]]);
    for (const input of inputs)
      for (const before of ending[input]!) {
        const path = [...before, label].slice(-LONGEST);
        if (own.size < FOLLOWED) own.set(path.join('>'), path);
      }
    for (const text of own.keys()) columns.add(columnOf(text));
    ending.push([...own.values()]);
  }
  return columns;
}

/** FNV-1a (Fowler, Noll & Vo). */
function columnOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return ((hash ^ (hash >>> 15)) >>> 0) % COLUMNS;
}
