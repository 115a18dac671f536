/**
 * Train, validation and test images. What the source has is used as it is; what it lacks is cut from its training images,
 * by seed, in the classes' proportions, and with identical images on the same side.
 */
import { fail } from '../errors.ts';
import type { Random } from '../random.ts';
import type { SplitName } from './dataset.ts';
import type { ImageSource, SourceSplit } from './source.ts';

/** Of a source without splits. */
const TEST_SHARE = 0.15;
const VAL_SHARE = 0.15;
/** Of the training images of a source that has one of validation and test images: large sets need no larger share. */
const HELD_OUT_SHARE = 0.1;
const MOST_HELD_OUT = 10_000;

export interface Splits {
  readonly train: SourceSplit;
  readonly val: SourceSplit;
  readonly test: SourceSplit;
  /** Which of them were cut from the training images here. */
  readonly cut: readonly SplitName[];
}

/** @throws DATA_TOO_FEW when a split would be empty */
export function makeSplits(source: ImageSource, random: Random, path: string): Splits {
  const { train: given, val, test } = source.splits;
  const classes = source.classes.length;
  const whole = !val && !test;
  const heldOut = Math.min(HELD_OUT_SHARE, MOST_HELD_OUT / Math.max(1, given.count));
  let rest = given;
  const cut: SplitName[] = [];
  const take = (name: 'val' | 'test', share: number, fewest: number): SourceSplit => {
    const chosen = stratifiedChoice(rest, classes, share, fewest, random.split(name));
    const taken = selectImages(rest, (i) => chosen.has(i));
    rest = selectImages(rest, (i) => !chosen.has(i));
    cut.push(name);
    return taken;
  };
  // A class of two images goes to training and validation: the search needs those.
  const testSplit = test ?? take('test', whole ? TEST_SHARE : heldOut, 3);
  const valSplit = val ?? take('val', whole ? VAL_SHARE : heldOut, 2);
  for (const [name, split] of Object.entries({ training: rest, validation: valSplit, test: testSplit }))
    if (split.count === 0) fail('DATA_TOO_FEW', { path, reason: `no images are left for ${name}` });
  return { train: rest, val: valSplit, test: testSplit, cut };
}

/**
 * Indices of about `share` of each class: at least one where the class has `fewest` images or more, none where it has
 * fewer. Images with the same hash are chosen together.
 */
function stratifiedChoice(
  split: SourceSplit,
  classes: number,
  share: number,
  fewest: number,
  random: Random,
): Set<number> {
  const groups = new Map<string, number[]>();
  split.hashes.forEach((hash, i) => {
    const group = groups.get(hash);
    if (group) group.push(i);
    else groups.set(hash, [i]);
  });
  const byClass = Array.from({ length: classes }, (): number[][] => []);
  for (const group of groups.values()) byClass[split.labels[group[0]!]!]!.push(group);
  const chosen = new Set<number>();
  for (const members of byClass) {
    const count = members.reduce((sum, group) => sum + group.length, 0);
    if (members.length < fewest) continue;
    let wanted = Math.max(1, Math.round(count * share));
    for (const group of random.shuffle(members)) {
      if (group.length > wanted) continue;
      for (const i of group) chosen.add(i);
      wanted -= group.length;
    }
  }
  return chosen;
}

export function selectImages(split: SourceSplit, keep: (index: number) => boolean): SourceSplit {
  const chosen = Array.from({ length: split.count }, (_, i) => i).filter(keep);
  const size = split.count === 0 ? 0 : split.images.length / split.count;
  const images = new Uint8Array(chosen.length * size);
  chosen.forEach((from, to) => {
    images.set(split.images.subarray(from * size, (from + 1) * size), to * size);
  });
  return {
    count: chosen.length,
    images,
    labels: Uint16Array.from(chosen, (i) => split.labels[i]!),
    names: chosen.map((i) => split.names[i]!),
    hashes: chosen.map((i) => split.hashes[i]!),
  };
}
