/** The search strategies by name. To add one: one file, one row. */
import { auto } from './auto.ts';
import { bananas } from './bananas.ts';
import { forest } from './forest.ts';
import { gaussianProcess } from './gaussian-process.ts';
import { randomSearch } from './random.ts';
import { regularisedEvolution } from './regularised-evolution.ts';
import type { Strategy } from './strategy.ts';

export const STRATEGIES = {
  auto,
  random: randomSearch,
  // Sizes for budgets of tens to hundreds of trials; the paper's 100 and 25 are for tens of thousands.
  evolution: regularisedEvolution({ population: 20, sample: 5, start: 8 }),
  gp: gaussianProcess,
  forest,
  bananas,
} satisfies Record<string, Strategy>;
