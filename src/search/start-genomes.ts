/** Genomes that a search is to begin with, from a file: another search's trials or model, or a list of one's own. */
import { readFile } from 'node:fs/promises';
import { EspalierError, fail } from '../errors.ts';
import { decodeModel } from '../onnx/decode.ts';
import type { Genome } from '../space/genome.ts';
import type { SearchSpace } from '../space/space.ts';
import { validateGenome } from '../space/validation.ts';
import { readMetadata } from './model-metadata.ts';

const HINT =
  'Give a JSON file with a genome, a list of genomes, or objects with a "genome" (trials.json, network.json), or a model.onnx of this space.';

/**
 * @returns the genomes in the file's order; of trials the complete ones, the most accurate first
 * @throws WARM_START with the place of what is not a genome of the space
 */
export async function readStartGenomes(path: string, space: SearchSpace): Promise<readonly Genome[]> {
  const wrong = (reason: string, hint = HINT): never => fail('WARM_START', { from: path, reason, hint });
  const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) =>
    wrong(cause.code === 'ENOENT' ? 'there is no such file' : cause.message),
  );
  let values: readonly unknown[];
  if (path.endsWith('.onnx')) values = [readMetadata(decodeModel(bytes, path), path).genome];
  else {
    let parsed: unknown;
    try {
      parsed = JSON.parse(bytes.toString('utf8'));
    } catch (cause) {
      return wrong(`it is not JSON: ${(cause as Error).message}`);
    }
    values = entriesOf(parsed, space);
  }
  if (values.length === 0) wrong('it holds no genomes');
  return values.map((value, i) => {
    try {
      validateGenome(space, value);
    } catch (error) {
      if (!(error instanceof EspalierError)) throw error;
      return wrong(`the ${ordinal(i + 1)} of its genomes: ${error.message}`, error.hint);
    }
    return value;
  });
}

/** A genome may itself be a list or have a field "genome": what is one of the space is taken as that. */
function entriesOf(value: unknown, space: SearchSpace): readonly unknown[] {
  if (!isGenome(value, space) && Array.isArray(value))
    return trialsOf(value).map((entry) => inner(entry, space));
  return [inner(value, space)];
}

const inner = (value: unknown, space: SearchSpace): unknown =>
  !isGenome(value, space) && isRecord(value) && 'genome' in value ? value.genome : value;

/** Rows of a trials.json: the complete ones, the most accurate first. Other lists as they are. */
function trialsOf(values: readonly unknown[]): readonly unknown[] {
  if (!values.every((value) => isRecord(value) && 'genome' in value && 'state' in value)) return values;
  const accuracy = ({ measures }: Record<string, unknown>): number =>
    isRecord(measures) && typeof measures.valAccuracy === 'number' ? measures.valAccuracy : 0;
  return values
    .filter((value) => isRecord(value) && value.state === 'complete')
    .sort((a, b) => accuracy(b as Record<string, unknown>) - accuracy(a as Record<string, unknown>));
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function isGenome(value: unknown, space: SearchSpace): boolean {
  try {
    validateGenome(space, value);
    return true;
  } catch {
    return false;
  }
}

const ordinal = (n: number): string =>
  `${n}${n % 10 === 1 && n % 100 !== 11 ? 'st' : n % 10 === 2 && n % 100 !== 12 ? 'nd' : n % 10 === 3 && n % 100 !== 13 ? 'rd' : 'th'}`;
