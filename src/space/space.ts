/**
 * A search space: a tree of choices, and how a genome of it becomes a network.
 *
 * Nothing elsewhere branches on a space's name: what a space knows about itself, it declares here.
 */
import type { Network, NetworkIO } from '../network/network.ts';
import type { Choice } from './choice.ts';
import type { Genome } from './genome.ts';
import type { TrainingChoices } from './training-choices.ts';

/** A search space: a tree of choices, and the network that a genome of it stands for. Made by `defineSpace`. */
export interface SearchSpace {
  /** For errors, reports and `espalier spaces`. */
  readonly name: string;
  /** One or two sentences with the paper, for `espalier spaces` and the report. */
  readonly description: string;
  /** The tree of what may vary. */
  readonly root: Choice;
  /**
   * Builds the network of a valid genome for images of a shape and a number of classes. Pure.
   * @throws EspalierError when shapes cannot fit: the genome is passed over; SPACE_BUILD when the space itself is wrong
   */
  readonly build: (genome: Genome, io: NetworkIO) => Network;
  /**
   * How the network of a valid genome is trained, for spaces that choose that too: the learning rate beside the width.
   * Pure. What it leaves out stays as the search has it.
   */
  readonly training?: (genome: Genome) => TrainingChoices;
  /** Well-known members of the space, the most promising first: a search may begin with those that meet its bounds. */
  readonly references?: readonly Genome[];
  /** Equal for valid genomes that its tables hold as one architecture (isomorphic graphs); absent where none are. */
  readonly identity?: (genome: Genome) => string;
  /** How tables of evaluated architectures name genomes of this space, for those that have such tables. */
  readonly table?: TableRule;
}

/** Reads the genome from a row of a table of evaluated architectures (a tabular benchmark). */
export interface TableRule {
  /** The columns and how they are read, in one or two sentences, for `--help` and errors. */
  readonly description: string;
  /** Input size and classes of the networks that the table's figures belong to. */
  readonly io: NetworkIO;
  /**
   * The genome of a row given as text by column, null where the columns that the rule needs are not there.
   * @throws EspalierError with what is wrong in the row
   */
  readonly genome: (row: Readonly<Record<string, string>>) => Genome | null;
}
