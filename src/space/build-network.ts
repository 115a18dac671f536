/** The function `build` of a space is its author's code: what goes wrong in it is told as a mistake in the space. */
import { EspalierError, fail } from '../errors.ts';
import type { Network, NetworkIO } from '../network/network.ts';
import { networkShapes } from '../network/rules/shape.ts';
import type { Genome } from './genome.ts';

/**
 * Whether a space has no network for a genome at this size of images, which is no mistake: such genomes are passed over. A
 * function `build` that throws something else, or returns no classifier, is one.
 */
export const cannotBeBuilt = (error: unknown): error is EspalierError =>
  error instanceof EspalierError && error.code !== 'SPACE_BUILD';

/**
 * The network that `build` returns.
 * @throws SPACE_BUILD when it is none, when its first output is not one value for each class, or when `build` fails; an
 * EspalierError of `build` as it is
 */
export function buildNetwork(space: string, genome: Genome, io: NetworkIO, build: () => Network): Network {
  const mistake = (reason: string, cause?: unknown): never =>
    fail('SPACE_BUILD', { space, genome: JSON.stringify(genome), reason }, cause);
  let network: Network;
  try {
    network = build();
  } catch (error) {
    if (error instanceof EspalierError) throw error;
    return mistake(error instanceof Error ? error.message : String(error), error);
  }
  if (!isNetwork(network)) return mistake('it returns no network');
  const [output] = network.outputs;
  if (output === undefined) return mistake('its network has no output');
  const shape = networkShapes(network).get(output) ?? [];
  if (shape.length !== 1 || shape[0] !== io.outputs)
    return mistake(
      `its first output, "${output}", has the shape [${shape.join(', ')}] for an image; ${io.outputs} classes need [${io.outputs}]`,
    );
  return network;
}

const isNetwork = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  ['inputs', 'nodes', 'outputs'].every((part) => Array.isArray((value as Record<string, unknown>)[part]));
