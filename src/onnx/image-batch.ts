import type { OnnxGraph } from './model.ts';

/**
 * How many images a model takes at once: the first axis of its first input [batch, channels, height, width].
 * Null where it takes any number, and for a model whose first input is no batch of images.
 */
export function imageBatch({ inputs, initializers }: OnnxGraph): number | null {
  const input = inputs.find(({ name }) => !initializers.has(name));
  const rows = input?.shape[0];
  // Some exporters write -1 or 0 for any number.
  return input?.shape.length === 4 && typeof rows === 'number' && rows > 0 ? rows : null;
}
