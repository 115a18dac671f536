/** How little there is to a network: the cheap end of a front, and the plainest of several genomes that build one network. */
import type { Genome } from '../../space/genome.ts';
import { reducedGraph } from '../../space/reduce.ts';
import type { SuggestRequest } from '../strategy.ts';

/** Less is plainer, the first of them that differs decides. */
export type Plainness = readonly [macs: number, params: number, reduced: number, operators: number];

/** Multiply-accumulates, parameters, operators once the network is reduced, and as it stands. */
export function plainnessOf({ inspect }: Pick<SuggestRequest, 'inspect'>, genome: Genome): Plainness {
  const inspected = inspect(genome);
  if (inspected === null) return [Infinity, Infinity, Infinity, Infinity];
  const { measures, network } = inspected;
  return [measures.macs ?? 0, measures.params ?? 0, reducedGraph(network).nodes.length, network.nodes.length];
}

/** Negative where the first is plainer. */
export function compare(a: readonly number[], b: readonly number[]): number {
  for (let k = 0; k < a.length; k++) if (a[k] !== b[k]) return a[k]! - b[k]!;
  return 0;
}
