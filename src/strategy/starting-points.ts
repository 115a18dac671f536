/** The first trials of a search, before there is anything to learn from. */
import type { Genome } from '../space/genome.ts';
import type { SuggestRequest, ZeroCostProxy } from './strategy.ts';

/** Genomes that a cheap score chooses among. */
const SCORED = 500;
/** Of a space's well-known members, so many are tried at most. */
export const MOST_REFERENCES = 3;

/**
 * The `index`-th starting point: first some of the space's well-known members, then by turns the genome that the proxies
 * like best together and a random one. Proxies mislead at times (Abdelfattah et al. 2021), so half stays random. Null
 * when nothing is acceptable.
 */
export function startingPoint(request: SuggestRequest, index: number): Genome | null {
  const { space, accept, draw, random, proxies } = request;
  if (index < MOST_REFERENCES) {
    const reference = space.references?.find(accept);
    if (reference !== undefined) return reference;
  }
  if (proxies.length > 0 && index % 2 === 0) {
    const favourite = favouriteOf(proxies, candidates(request));
    if (favourite !== null) return favourite;
  }
  return draw(random);
}

function candidates({ listed, accept, draw, random }: SuggestRequest): Genome[] {
  const all = listed();
  if (all !== null) return all.filter(accept);
  const stream = random.split('scored');
  return Array.from({ length: SCORED }, (_, i) => draw(stream.split(i))).filter((genome) => genome !== null);
}

/** The genome of the highest mean rank over the proxies; null when there are no candidates. */
function favouriteOf(proxies: readonly ZeroCostProxy[], genomes: readonly Genome[]): Genome | null {
  const total = new Float64Array(genomes.length);
  for (const { score } of proxies) {
    const scores = genomes.map(score);
    const order = [...genomes.keys()].sort((a, b) => orderOf(scores[a]!) - orderOf(scores[b]!));
    for (const [rank, i] of order.entries()) total[i] = total[i]! + rank;
  }
  let best = 0;
  for (let i = 1; i < genomes.length; i++) if (total[i]! > total[best]!) best = i;
  return genomes[best] ?? null;
}

/** What cannot be computed is worst. */
const orderOf = (score: number): number => (Number.isFinite(score) ? score : -Number.MAX_VALUE);
