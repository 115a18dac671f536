import { bracketed, roundOf } from './brackets.ts';
import { tpe } from './tpe.ts';

/** BOHB (Falkner et al. 2018): Hyperband whose new genomes come from TPE. */
export const bohb = bracketed({
  name: 'bohb',
  description: 'Hyperband with new genomes by TPE (Falkner et al. 2018).',
  sampler: tpe,
  round: roundOf,
});
