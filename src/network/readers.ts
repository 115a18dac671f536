/** How often each layer of a network is read. */
import type { Network } from './network.ts';

export interface Readers {
  /** Place of each node among the network's nodes, by its name. */
  readonly places: ReadonlyMap<string, number>;
  /** How many inputs and outputs read the node at each place. */
  readonly counts: Uint32Array;
}

export function readersOf(network: Network): Readers {
  const places = new Map<string, number>();
  for (let i = 0; i < network.nodes.length; i++) places.set(network.nodes[i]!.id, i);
  const counts = new Uint32Array(network.nodes.length);
  const read = (value: string): void => {
    const place = places.get(value);
    if (place !== undefined) counts[place]!++;
  };
  for (const { inputs } of network.nodes) inputs.forEach(read);
  network.outputs.forEach(read);
  return { places, counts };
}
