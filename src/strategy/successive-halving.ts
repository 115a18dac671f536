import { bracketed, roundOf } from './brackets.ts';
import { randomSearch } from './random.ts';

/** Successive halving (Jamieson & Talwalkar 2016), one bracket after another. */
export const successiveHalving = bracketed({
  name: 'successive-halving',
  description: 'Many short trials, the best third of each rung goes on (Jamieson & Talwalkar 2016).',
  sampler: randomSearch,
  round: (levels) => roundOf(levels).slice(0, 1),
});
