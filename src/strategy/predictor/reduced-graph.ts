import type { Network } from '../../network/network.ts';
import { type ReducedGraph, reduceNetwork } from '../../space/reduce.ts';

const known = new WeakMap<Network, ReducedGraph>();

/** The reduced network, worked out once: features, paths and identities are all made of it. */
export function reducedGraph(network: Network): ReducedGraph {
  let found = known.get(network);
  if (found === undefined) {
    found = reduceNetwork(network);
    known.set(network, found);
  }
  return found;
}
