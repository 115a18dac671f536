/**
 * Which rows of a table build the same network: cells whose dead branches differ were trained and measured each by itself,
 * and their differences are noise.
 */
import { networkMacs } from '../network/cost.ts';
import type { Genome } from '../space/genome.ts';
import { reducedGraph } from '../space/reduce.ts';
import type { SearchSpace } from '../space/space.ts';
import { inSlices } from '../strategy/in-slices.ts';
import { graphIdentity } from '../strategy/predictor/graph-identity.ts';
import { genomeKey } from './genome-key.ts';
import type { Table } from './table.ts';

/** What tells a genome's network apart. */
export interface BuiltNetwork {
  /** Equal for networks that are equal once they are reduced (space/reduce.ts). */
  readonly identity: string;
  /** Multiply-accumulates, those of dead branches included. */
  readonly macs: number;
}

/**
 * Builds the network of every row that the space can read. The function knows the genomes of the table alone.
 * @param onProgress told the share of the rows that is done
 * @throws what the signal was aborted with; what the space throws for a row that it cannot read or build
 */
export async function equalNetworks(
  { rows }: Table,
  space: SearchSpace,
  signal: AbortSignal,
  onProgress: (share: number) => void,
): Promise<(genome: Genome) => BuiltNetwork> {
  const keyOf = genomeKey(space);
  const found = new Map<string, BuiltNetwork>();
  function* steps(): Generator<number> {
    for (const [i, row] of rows.entries()) {
      const genome = space.table?.genome(row) ?? null;
      if (genome !== null && !found.has(keyOf(genome))) {
        const network = space.build(genome, space.table!.io);
        found.set(keyOf(genome), {
          identity: graphIdentity(reducedGraph(network)),
          macs: networkMacs(network),
        });
      }
      yield i / rows.length;
    }
  }
  await inSlices(steps(), signal, onProgress);
  return (genome) => found.get(keyOf(genome))!;
}
