import { bracketed, roundOf } from './brackets.ts';
import { randomSearch } from './random.ts';

/** Hyperband (Li et al. 2018): brackets from bold to cautious, since short trials may mislead. */
export const hyperband = bracketed({
  name: 'hyperband',
  description: 'Successive halving with brackets from bold to cautious (Li et al. 2018).',
  sampler: randomSearch,
  round: roundOf,
});
