import { createRandom } from '../random.ts';
import { drawGuided } from '../space/guided-draw.ts';
import { firstAcceptable, proposalOr } from './proposing.ts';
import type { Strategy } from './strategy.ts';

const PRIMES = [
  2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97,
];

/** The radical inverse of `index` in a base: its digits mirrored at the point (van der Corput 1935). */
export function radicalInverse(index: number, base: number): number {
  let [result, scale] = [0, 1 / base];
  for (let rest = index; rest > 0; rest = Math.floor(rest / base), scale /= base)
    result += scale * (rest % base);
  return result;
}

/**
 * The Halton sequence (1960) over the decisions, each in a base of its own and shifted at random (Cranley & Patterson
 * 1976): spreads more evenly than random draws. Beyond 25 decisions the bases would be too large, and chance takes over.
 */
export const quasiRandom: Strategy = {
  name: 'quasi-random',
  description: 'The Halton sequence over the decisions: spread more evenly than random draws (Halton 1960).',
  seedless: true,
  suggest(request) {
    const { space, history, running, random } = request;
    const index = history.length + running.length;
    return proposalOr(
      request,
      firstAcceptable(request, (attempt) => {
        const bases = new Map<string, number>();
        const share = (path: string): number => {
          if (!bases.has(path)) bases.set(path, bases.size);
          const base = PRIMES[bases.get(path)!];
          if (base === undefined) return random.next();
          // The shift belongs to the decision and the space; attempts move on in the sequence.
          const shift = createRandom(`${space.name} ${path}`).next();
          return (radicalInverse(index + attempt + 1, base) + shift) % 1;
        };
        return drawGuided(space, {
          pick: (path, count) => Math.min(count - 1, Math.floor(share(path) * count)),
          place: share,
        });
      }),
    );
  },
};
