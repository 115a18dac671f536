/** Full training: all data at the full resolution, weights averaged. For the best candidates of a search. */
import { defaultPlan } from './default-plan.ts';
import type { Estimator } from './estimator.ts';

/** Trains on all data at the full resolution, and averages the weights. */
export const fullTraining: Estimator = {
  name: 'full',
  description: 'Trains on all data at the full resolution, for as many epochs as asked.',
  createJob: ({ classCounts, augmentation, fidelity, ...rest }) => ({
    ...rest,
    plan: defaultPlan({
      classCounts,
      augmentation,
      fidelity: { epochs: fidelity.epochs, dataShare: 1 },
      final: true,
    }),
  }),
};
