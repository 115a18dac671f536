/** How little there is to a network: the cheap end of a front, and the plainest of several genomes that build one network. */
import type { Network } from '../../network/network.ts';
import type { Genome } from '../../space/genome.ts';
import { reducedGraph } from '../../space/reduce.ts';
import type { SuggestRequest } from '../strategy.ts';

/** Less is plainer, the first of them that differs decides. */
export type Plainness = readonly [macs: number, params: number, reduced: number, connections: number];

/** Multiply-accumulates, parameters, operators once the network is reduced, and connections as it stands. */
export function plainnessOf({ inspect }: Pick<SuggestRequest, 'inspect'>, genome: Genome): Plainness {
  const inspected = inspect(genome);
  if (inspected === null) return [Infinity, Infinity, Infinity, Infinity];
  const { measures, network } = inspected;
  return [measures.macs ?? 0, measures.params ?? 0, reducedGraph(network).nodes.length, connections(network)];
}

/** Inputs of operators but for zeros: a branch that is left out counts less than one that leads nowhere. */
function connections({ nodes }: Network): number {
  const zeros = new Set<string>();
  let count = 0;
  for (const { id, operator, inputs } of nodes) {
    const present = inputs.filter((input) => !zeros.has(input)).length;
    if (operator.kind === 'zero' || (operator.kind === 'add' && present === 0)) zeros.add(id);
    else count += Math.max(1, present);
  }
  return count;
}

/** Negative where the first is plainer. */
export function compare(a: readonly number[], b: readonly number[]): number {
  for (let k = 0; k < a.length; k++) if (a[k] !== b[k]) return a[k]! - b[k]!;
  return 0;
}
