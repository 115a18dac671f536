import { ashaWith } from './asynchronous-halving.ts';
import { nsga2 } from './nsga2.ts';

/**
 * ASHA for several objectives and bounds (Schmucker et al. 2021): as `asha` promotes, and new genomes are bred from the
 * front of the highest level that has enough trials.
 */
export const moasha = ashaWith({
  name: 'moasha',
  description:
    'Asynchronous halving for several objectives and bounds, new genomes bred from the front (Schmucker et al. 2021).',
  sampler: nsga2,
});
