import { hasFloat } from '../space/choice.ts';
import { enumerateGenomes } from '../space/sampling.ts';
import { proposalOr } from './proposing.ts';
import type { Strategy } from './strategy.ts';

/** Genomes looked at before a space counts as too large to go through. */
const LOOKED_AT = 100_000;

/** Every genome in the space's own order; in spaces with floats, which have no end, at random. */
export const grid: Strategy = {
  name: 'grid',
  description: 'Goes through all genomes in order; for small spaces.',
  seedless: true,
  suggest(request) {
    const { space, listed, accept } = request;
    const all = listed() ?? (hasFloat(space.root) ? [] : enumerateGenomes(space));
    let looked = 0;
    for (const genome of all) {
      if (accept(genome)) return { genome };
      if (++looked >= LOOKED_AT) break;
    }
    return proposalOr(request, null);
  },
};
