/** Partial training: few epochs, a share of the data, smaller images. Cheap, and ranks candidates well enough to choose. */
import { defaultPlan } from './default-plan.ts';
import type { Estimator } from './estimator.ts';

export const partialTraining: Estimator = {
  name: 'partial',
  description: 'Trains for few epochs, on a share of the data or at a lower resolution.',
  createJob: ({ classCounts, augmentation, fidelity, ...rest }) => ({
    ...rest,
    plan: defaultPlan({ classCounts, augmentation, fidelity, final: false }),
    resolution: fidelity.resolution,
  }),
};
