import { createRandom } from '../random.ts';
import { drawGuided } from '../space/guided-draw.ts';
import { firstAcceptable, proposalOr } from './proposing.ts';
import { randomSearch } from './random.ts';
import type { Strategy } from './strategy.ts';

const PRIMES = [
  2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97,
];
/** Digits that are scrambled: finer ones tell nothing that a search could see. */
const PRECISION = 1e6;

/**
 * The radical inverse of `index` in a base: its digits mirrored at the point (van der Corput 1935), each exchanged by
 * `digit` of its place, in so many places at least that they are finer than a millionth.
 */
export function radicalInverse(
  index: number,
  base: number,
  digit: (place: number, value: number) => number = (_, value) => value,
): number {
  let [result, scale] = [0, 1 / base];
  for (let rest = index, place = 0; rest > 0 || scale * PRECISION > 1; place++) {
    result += scale * digit(place, rest % base);
    rest = Math.floor(rest / base);
    scale /= base;
  }
  return result;
}

/**
 * The Halton sequence (1960) over the decisions, each in a base of its own, its digits scrambled by random permutations
 * (Owen 2017): spreads more evenly than random draws. Beyond 25 decisions the bases would be too large, and chance takes
 * over. The first trial is a random one and names the permutations, so that each seed has a sequence of its own.
 */
export const quasiRandom: Strategy = {
  name: 'quasi-random',
  description:
    'The scrambled Halton sequence over the decisions: spread more evenly than random draws (Halton 1960; Owen 2017).',
  suggest(request) {
    const { space, history, running, random } = request;
    const first = [...history, ...running].find(({ number }) => number === 0);
    if (first === undefined) return randomSearch.suggest(request);
    const index = history.length + running.length;
    const scramble = createRandom(`quasi-random ${JSON.stringify(first.genome)}`);
    const permutations = new Map<string, readonly number[]>();
    const permutation = (path: string, place: number, base: number): readonly number[] => {
      // Where earlier decisions open others, a decision may have another base in another genome.
      const key = `${place} ${base} ${path}`;
      let found = permutations.get(key);
      if (found === undefined) {
        found = scramble.split(key).shuffle(Array.from({ length: base }, (_, i) => i));
        permutations.set(key, found);
      }
      return found;
    };
    return proposalOr(
      request,
      firstAcceptable(request, (attempt) => {
        const bases = new Map<string, number>();
        const share = (path: string): number => {
          if (!bases.has(path)) bases.set(path, bases.size);
          const base = PRIMES[bases.get(path)!];
          // Attempts move on in the sequence.
          return base === undefined
            ? random.next()
            : radicalInverse(index + attempt, base, (place, value) => permutation(path, place, base)[value]!);
        };
        return drawGuided(space, {
          pick: (path, count) => Math.min(count - 1, Math.floor(share(path) * count)),
          place: share,
        });
      }),
    );
  },
};
