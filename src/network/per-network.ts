/**
 * What is derived from a network, kept as long as the network: networks are immutable, and several ask for the same.
 *
 * On the object itself, not in a WeakMap. V8 takes the values of a WeakMap for alive in each collection of young objects,
 * and a search makes thousands of networks that live for a millisecond: copying what is known of them took more time than
 * finding it out.
 */
import type { Network } from './network.ts';

export interface PerNetwork<T> {
  get(network: Network): T | undefined;
  set(network: Network, value: T): void;
}

export function perNetwork<T>(name: string): PerNetwork<T> {
  const key = Symbol(name);
  /** Networks of users may be frozen. */
  const frozen = new WeakMap<Network, T>();
  return {
    get: (network) => (network as { readonly [key]?: T })[key] ?? frozen.get(network),
    set(network, value) {
      // Neither copied with the network's parts nor written to its JSON.
      if (Object.isExtensible(network)) Object.defineProperty(network, key, { value, configurable: true });
      else frozen.set(network, value);
    },
  };
}
