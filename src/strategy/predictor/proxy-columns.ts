/** Cheap scores as features, and how far they can be believed. */
import type { Genome } from '../../space/genome.ts';
import type { Observation, ZeroCostProxy } from '../strategy.ts';
import { standardised } from './feature-matrix.ts';
import { rankCorrelation } from './rank-correlation.ts';
import { normalScores } from './targets.ts';

/** Suite tables write this where a proxy could not be computed (NAS-Bench-Suite-Zero). */
const NOT_COMPUTED = -1e8;

/**
 * A network's score: the mean over the genomes that build it and have one; NaN where none has.
 * Tables lack some scores, and an equal network's is as good.
 */
export function networkScore(proxy: ZeroCostProxy, genomes: readonly Genome[]): number {
  let [sum, count] = [0, 0];
  for (const genome of genomes) {
    const score = proxy.score(genome);
    if (!Number.isFinite(score) || score === NOT_COMPUTED) continue;
    sum += score;
    count++;
  }
  return count === 0 ? Number.NaN : sum / count;
}

/**
 * Columns of the proxies, each as normal scores by rank over the networks: proxies range over many orders of magnitude,
 * and only their order is of use. What cannot be computed stands at 0, the middle, and a column tells where that is so.
 * Standardised; columns that do not vary are left out.
 *
 * @param networks the genomes that build each network
 */
export function proxyColumns(
  proxies: readonly ZeroCostProxy[],
  networks: readonly (readonly Genome[])[],
): Float32Array[] {
  const columns: Float32Array[] = [];
  const missing = new Set<string>();
  const add = (column: Float32Array): void => {
    const scaled = standardised(column);
    if (scaled !== null) columns.push(scaled);
  };
  for (const proxy of proxies) {
    const scores = networks.map((genomes) => networkScore(proxy, genomes));
    add(Float32Array.from(middled(scores)));
    const gaps = scores.map((score) => (Number.isFinite(score) ? 0 : 1));
    // Scores of one source are missing together.
    const key = gaps.join('');
    if (!missing.has(key)) add(Float32Array.from(gaps));
    missing.add(key);
  }
  return columns;
}

/** Normal scores of the finite values, 0 for the others. */
export function middled(scores: readonly number[]): number[] {
  const at = [...scores.keys()].filter((i) => Number.isFinite(scores[i]!));
  const normal = normalScores(at.map((i) => scores[i]!));
  const result = new Array<number>(scores.length).fill(0);
  for (const [k, i] of at.entries()) result[i] = normal[k]!;
  return result;
}

/** Trials from which a rank correlation says something. */
const LEAST_SCORED = 3;

/** The rank correlation of a proxy with the first objective of complete trials that have a score, and how many these are. */
export function proxyCorrelation(
  proxy: ZeroCostProxy,
  trials: readonly Observation[],
): { readonly correlation: number; readonly trials: number } | null {
  const scored = trials
    .map((o) => [networkScore(proxy, [o.genome]), o.values![0]!] as const)
    .filter(([score]) => Number.isFinite(score));
  if (scored.length < LEAST_SCORED) return null;
  const [scores, values] = [scored.map(([score]) => score), scored.map(([, value]) => value)];
  return { correlation: rankCorrelation(scores, values), trials: scored.length };
}
