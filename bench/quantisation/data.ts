/** Data sets of the benchmark as the command line names them. */
import { basename, resolve } from 'node:path';

export interface BenchData {
  readonly name: string;
  readonly path: string;
  /** Side that images are resized to; null: as they are. */
  readonly imageSize: number | null;
}

/** `DIR`, or `DIR:64` for images of 64×64. */
export function parseData(text: string): BenchData {
  const [, path = text, size] = /^(.*?)(?::(\d+))?$/.exec(text) ?? [];
  const name = basename(resolve(path));
  return {
    name: size === undefined ? name : `${name} at ${size}`,
    path,
    imageSize: size === undefined ? null : Number(size),
  };
}
