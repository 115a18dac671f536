/** What can be told of a candidate before anything runs. */
import type { Network } from '../network/network.ts';
import type { Measures } from './trial.ts';

/** Measures beside cost that are known of a network before anything runs. */
export interface Foreseen {
  /** Their names: bounds on them are kept while candidates are proposed. */
  readonly measures: ReadonlySet<string>;
  /** Pure. Those that cannot be told for this network are left out, and break no bound. */
  readonly of: (network: Network) => Measures;
}
