/**
 * A search space: a tree of choices, and how a genome of it becomes a network.
 *
 * Nothing elsewhere branches on a space's name: what a space knows about itself, it declares here.
 */
import type { Network, NetworkIO } from '../network/network.ts';
import type { Choice } from './choice.ts';
import type { Genome } from './genome.ts';

export interface SearchSpace {
  readonly name: string;
  /** One or two sentences with the paper, for `espalier spaces` and the report. */
  readonly description: string;
  readonly root: Choice;
  /** Builds the network of a valid genome. Pure. Throws an EspalierError when shapes cannot fit. */
  readonly build: (genome: Genome, io: NetworkIO) => Network;
}
