/** The typed way into the erased {@link SearchSpace}. */
import type { Network, NetworkIO } from '../network/network.ts';
import { buildNetwork } from './build-network.ts';
import { type Choice, sharedChoices, type ValueOf } from './choice.ts';
import type { Genome } from './genome.ts';
import type { SearchSpace, TableRule } from './space.ts';
import type { TrainingChoices } from './training-choices.ts';

/** What makes a {@link SearchSpace}, typed by its choices. */
interface SpaceDefinition<C extends Choice> {
  /** For errors, reports and `espalier spaces`. */
  readonly name: string;
  /** One or two sentences, with the paper. */
  readonly description: string;
  /** The tree of what may vary. */
  readonly choices: C;
  /**
   * Builds the network of one set of choices for images of a shape and a number of classes. Pure; a genome that does
   * not fit throws an EspalierError.
   */
  readonly build: (values: ValueOf<C>, io: NetworkIO) => Network;
  /** How the network is trained, where the choices decide over that too; see {@link SearchSpace.training}. Pure. */
  readonly training?: (values: ValueOf<C>) => TrainingChoices;
  /** Well-known members, the most promising first; none by default. */
  readonly references?: readonly ValueOf<C>[];
  /** Equal for genomes that tables hold as one architecture; absent where none are. */
  readonly identity?: (values: ValueOf<C>) => string;
  /** How tables of evaluated architectures name its genomes; absent where there are no such tables. */
  readonly table?: TableRule;
}

/**
 * A search space from its choices and a build function whose `values` have the choices' TypeScript type. `build` is
 * not called yet.
 * @throws SPACE when one shared name stands for two choices
 */
export function defineSpace<const C extends Choice>(definition: SpaceDefinition<C>): SearchSpace {
  const { name, description, choices, build, training, references, identity, table } = definition;
  sharedChoices(choices); // throws when one shared name stands for two choices
  return {
    name,
    description,
    root: choices,
    build: (genome, io) => buildNetwork(name, genome, io, () => build(genome as ValueOf<C>, io)),
    ...(training === undefined ? {} : { training: (genome) => training(genome as ValueOf<C>) }),
    ...(references === undefined ? {} : { references: references as readonly Genome[] }),
    ...(identity === undefined ? {} : { identity: (genome) => identity(genome as ValueOf<C>) }),
    ...(table === undefined ? {} : { table }),
  };
}
