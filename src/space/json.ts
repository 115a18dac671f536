/** Genomes as JSON text: one text for a genome, so that it also serves as its identity. */
import { fail } from '../errors.ts';
import { mapParts } from './decisions.ts';
import type { Genome } from './genome.ts';
import type { SearchSpace } from './space.ts';
import { validateGenome } from './validation.ts';

/** A genome with its fields in the space's order, whatever order they were written in. */
const inOrder = (space: Pick<SearchSpace, 'root'>, genome: Genome): Genome =>
  mapParts(space.root, genome, () => undefined);

/** Canonical JSON of a valid genome: equal genomes give equal texts. */
export function stringifyGenome(space: Pick<SearchSpace, 'root'>, genome: Genome): string {
  return JSON.stringify(inOrder(space, genome));
}

/**
 * The reverse of {@link stringifyGenome}.
 * @throws GENOME when the text is not JSON or not a genome of the space, with the path of what is wrong
 */
export function parseGenome(space: Pick<SearchSpace, 'name' | 'root'>, text: string): Genome {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    fail(
      'GENOME',
      { space: space.name, path: '(root)', reason: `not JSON: ${(cause as Error).message}` },
      cause,
    );
  }
  validateGenome(space, value);
  return inOrder(space, value);
}

/**
 * A genome as one short line for terminals: `width=64 stages=[{kernel=3} ×2, {kernel=5}] head=-`. Numbers have four
 * digits, equal neighbours in a list are folded, absent parts are `-`. Not to be read back.
 */
export function describeGenome(genome: Genome): string {
  return isObject(genome) ? fields(genome) : value(genome);
}

type GenomeObject = { readonly [name: string]: Genome };
const isObject = (genome: Genome): genome is GenomeObject =>
  typeof genome === 'object' && genome !== null && !Array.isArray(genome);

function fields(genome: GenomeObject): string {
  const { kind, ...rest } = genome;
  const own = Object.entries(rest).map(([name, part]) => `${name}=${value(part)}`);
  if (kind === undefined) return own.join(' ');
  return own.length === 0 ? String(kind) : `${kind}(${own.join(' ')})`;
}

function value(genome: Genome): string {
  if (genome === null) return '-';
  if (typeof genome === 'number') return String(Number(genome.toPrecision(4)));
  if (Array.isArray(genome)) return `[${fold(genome.map(value)).join(', ')}]`;
  if (isObject(genome)) return 'kind' in genome ? fields(genome) : `{${fields(genome)}}`;
  return String(genome);
}

function fold(texts: readonly string[]): string[] {
  const folded: string[] = [];
  for (let start = 0; start < texts.length; ) {
    let end = start;
    while (texts[end] === texts[start] && end < texts.length) end++;
    folded.push(end - start > 1 ? `${texts[start]} ×${end - start}` : texts[start]!);
    start = end;
  }
  return folded;
}
