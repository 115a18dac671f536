import { ashaWith } from './asynchronous-halving.ts';
import { tpe } from './tpe.ts';

/** Successive halving whose new genomes come from TPE: the model of BOHB without its brackets (Klein et al. 2020). */
export const modelAsha = ashaWith({
  name: 'tpe-asha',
  description: 'Asynchronous successive halving with new genomes by TPE (Klein et al. 2020).',
  sampler: tpe,
});
