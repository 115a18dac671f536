import { nsga } from './nsga.ts';
import { byNiches } from './population.ts';

/** NSGA-III (Deb & Jain 2014): as NSGA-II, but spread along reference directions; for three objectives and more. */
export const nsga3 = nsga(
  'nsga3',
  'As nsga2, spread along reference directions; for three objectives and more (Deb & Jain 2014).',
  byNiches,
);
