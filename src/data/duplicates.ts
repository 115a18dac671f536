/** Images that are there more than once, by the hashes of their pixels. */
import type { SplitName } from './dataset.ts';
import type { ImageSource, SourceSplit } from './source.ts';

/** Names kept in the report; the counts are always complete. */
const MOST_PAIRS = 1000;
const MOST_GROUPS = 200;

/** Images that are more than once in a split. */
export interface Duplicates {
  /** As the source has it. */
  readonly split: SplitName;
  /** Images beyond the first of their kind. */
  readonly count: number;
  /** Names of identical images, a list for each of at most two hundred groups. */
  readonly examples: readonly (readonly string[])[];
}

/** Images that are in two splits. */
export interface Leak {
  /** Which two. */
  readonly splits: readonly [SplitName, SplitName];
  /** Images of the second split that stand in the first as well. */
  readonly count: number;
  /** Name in the first and in the second split, at most a thousand pairs. */
  readonly files: readonly (readonly [string, string])[];
}

/** Images that are in two classes. */
export interface LabelConflicts {
  /** Distinct images that stand in more than one class. */
  readonly count: number;
  /** Names of identical images, a list for each of at most two hundred of them. */
  readonly examples: readonly (readonly string[])[];
}

const PAIRS = [
  ['train', 'val'],
  ['train', 'test'],
  ['val', 'test'],
] as const satisfies readonly (readonly [SplitName, SplitName])[];

/** Within each split of the source as it came, before anything is cut from it. */
export function findDuplicates(splits: ImageSource['splits']): Duplicates[] {
  const found: Duplicates[] = [];
  for (const split of ['train', 'val', 'test'] as const) {
    const images = splits[split];
    if (!images) continue;
    const groups = groupByHash([images]);
    const repeated = [...groups.values()].filter((group) => group.length > 1);
    const count = images.count - groups.size;
    if (count > 0)
      found.push({ split, count, examples: repeated.slice(0, MOST_GROUPS).map((g) => g.map((i) => i.name)) });
  }
  return found;
}

export function findLeaks(splits: ImageSource['splits']): Leak[] {
  const found: Leak[] = [];
  for (const pair of PAIRS) {
    const first = splits[pair[0]];
    const second = splits[pair[1]];
    if (!first || !second) continue;
    const known = new Map<string, string>();
    first.hashes.forEach((hash, i) => {
      if (!known.has(hash)) known.set(hash, first.names[i]!);
    });
    const files: [string, string][] = [];
    second.hashes.forEach((hash, i) => {
      const name = known.get(hash);
      if (name !== undefined) files.push([name, second.names[i]!]);
    });
    if (files.length > 0)
      found.push({ splits: pair, count: files.length, files: files.slice(0, MOST_PAIRS) });
  }
  return found;
}

export function findLabelConflicts(splits: ImageSource['splits']): LabelConflicts {
  const groups = groupByHash(Object.values(splits));
  const conflicting = [...groups.values()].filter((group) => group.some((i) => i.label !== group[0]!.label));
  const examples = conflicting.slice(0, MOST_GROUPS).map((group) => group.map((i) => i.name));
  return { count: conflicting.length, examples };
}

function groupByHash(splits: readonly SourceSplit[]): Map<string, { name: string; label: number }[]> {
  const groups = new Map<string, { name: string; label: number }[]>();
  for (const split of splits)
    split.hashes.forEach((hash, i) => {
      const member = { name: split.names[i]!, label: split.labels[i]! };
      const group = groups.get(hash);
      if (group) group.push(member);
      else groups.set(hash, [member]);
    });
  return groups;
}
