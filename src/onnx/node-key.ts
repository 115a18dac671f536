/** By which nodes that compute the same are known. */
import type { Attributes } from './model.ts';

/** Operators that give something else each time. */
const DRAWS = new Set([
  'Bernoulli',
  'Dropout',
  'Multinomial',
  'RandomNormal',
  'RandomNormalLike',
  'RandomUniform',
  'RandomUniformLike',
]);

/**
 * Equal for nodes that compute the same from the same values; null where that is not known: for operators that draw, and those
 * with tensors or graphs among their attributes.
 * @param settings the outputs as their names or how many there are; 1 by default
 */
export function nodeKey(
  op: string,
  inputs: readonly string[],
  settings: {
    readonly domain?: string;
    readonly outputs?: readonly string[] | number;
    readonly attributes?: Attributes;
  },
): string | null {
  if (DRAWS.has(op)) return null;
  const { outputs = 1 } = settings;
  let key = `${settings.domain ?? ''}\0${op}\0${typeof outputs === 'number' ? outputs : outputs.length}`;
  for (const input of inputs) key += `\0${input}`;
  for (const [name, attribute] of Object.entries(settings.attributes ?? {})) {
    if (typeof attribute.value === 'object' && !Array.isArray(attribute.value)) return null;
    key += `\0\0${name}\0${attribute.type}\0${attribute.value}`;
  }
  return key;
}
