/**
 * Features of a listed space in a file, since they take a minute for ten thousand networks and are the same in every
 * process: in `espalier/features` of the user's cache folder. Nothing depends on it: where it cannot be read or written,
 * the features are computed.
 *
 * Layout: 8 bytes magic, uint32 length of the header, header (JSON, padded to a multiple of 8), the row of each genome
 * and the order of the genomes (int32), then the matrix (float32, column by column). Little-endian.
 */
import { hash, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Genome } from '../../space/genome.ts';
import type { FeatureMatrix } from './feature-matrix.ts';
import { FEATURE_VERSION, type FeatureSource } from './features.ts';

/** The networks of a list of genomes, and which of them each genome builds. */
export interface ListedFeatures {
  readonly matrix: FeatureMatrix;
  /** By genome: the row of its network. */
  readonly rowOf: Int32Array;
  /** Places in the list, those of plainer networks first. */
  readonly order: Int32Array;
  /** By row: the network's identity. */
  readonly identities: readonly string[];
}

const MAGIC = 'ESPFEAT1';
const PREFIX = MAGIC.length + 4;
/** Networks that are looked at, so that a space whose builder was changed is known as another. */
const SAMPLES = 24;

type Header = Omit<FeatureMatrix, 'values'> & {
  readonly genomes: number;
  readonly identities: readonly string[];
};

/** What the features depend on: the choices, the genomes, and what the space builds from some of them. */
export function featureKey({ space, inspect }: FeatureSource, genomes: readonly Genome[]): string {
  const step = Math.max(1, Math.floor(genomes.length / SAMPLES));
  const sampled = genomes.filter((_, i) => i % step === 0);
  const networks = sampled.map((genome) => {
    const inspected = inspect(genome);
    return inspected === null ? null : [inspected.hash, inspected.measures.params, inspected.measures.macs];
  });
  return hash('sha256', JSON.stringify([FEATURE_VERSION, space.root, genomes, networks]), 'hex');
}

const folder = (): string => {
  const given = process.env.XDG_CACHE_HOME;
  return join(
    given === undefined || given === '' ? join(homedir(), '.cache') : given,
    'espalier',
    'features',
  );
};

const pathOf = (key: string): string => join(folder(), `${key.slice(0, 32)}.bin`);

/** Null where there is no such file, or one that is not whole. */
export function readFeatures(key: string): ListedFeatures | null {
  try {
    const bytes = readFileSync(pathOf(key));
    if (bytes.toString('latin1', 0, MAGIC.length) !== MAGIC) return null;
    const length = bytes.readUInt32LE(MAGIC.length);
    const { genomes, identities, ...shape } = JSON.parse(
      bytes.toString('utf8', PREFIX, PREFIX + length),
    ) as Header;
    const at = PREFIX + length;
    const body = new Uint8Array(bytes.subarray(at)).buffer;
    if (body.byteLength !== 4 * (2 * genomes + shape.rows * shape.columns)) return null;
    return {
      matrix: { ...shape, values: new Float32Array(body, 8 * genomes) },
      rowOf: new Int32Array(body, 0, genomes),
      order: new Int32Array(body, 4 * genomes, genomes),
      identities,
    };
  } catch {
    return null;
  }
}

/** Writes the file beside its place and renames it: nobody ever reads half of it. Where that fails there is none. */
export function writeFeatures(key: string, { matrix, rowOf, order, identities }: ListedFeatures): void {
  const path = pathOf(key);
  const temporary = `${path}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`;
  try {
    const { values, ...shape } = matrix;
    const json = JSON.stringify({ ...shape, genomes: rowOf.length, identities } satisfies Header);
    const padded = json.padEnd(Math.ceil((PREFIX + json.length) / 8) * 8 - PREFIX, ' ');
    const head = Buffer.alloc(PREFIX + padded.length);
    head.write(MAGIC, 'latin1');
    head.writeUInt32LE(padded.length, MAGIC.length);
    head.write(padded, PREFIX, 'latin1');
    mkdirSync(folder(), { recursive: true });
    const parts = [head, rowOf, order, values].map((part) =>
      Buffer.from(part.buffer, part.byteOffset, part.byteLength),
    );
    writeFileSync(temporary, Buffer.concat(parts), { flag: 'wx' });
    renameSync(temporary, path);
  } catch {
    discard(temporary);
  }
}

function discard(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // There is no folder that it could lie in.
  }
}
