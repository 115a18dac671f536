import { ashaWith } from './asynchronous-halving.ts';
import { randomSearch } from './random.ts';

/** Asynchronous successive halving (Li et al. 2020) of random genomes. */
export const asha = ashaWith({
  name: 'asha',
  description:
    'Asynchronous successive halving: the best third of each rung goes on; knows bounds and several objectives (Li et al. 2020).',
  sampler: randomSearch,
});
