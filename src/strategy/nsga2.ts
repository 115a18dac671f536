import { nsga } from './nsga.ts';
import { byCrowding } from './population.ts';

/** NSGA-II (Deb et al. 2002): non-dominated sorting, crowding distance, binary tournaments, crossover and mutation. */
export const nsga2 = nsga(
  'nsga2',
  'Breeds from the Pareto front and what is behind it, the least crowded first (Deb et al. 2002).',
  byCrowding,
);
