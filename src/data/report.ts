/** What there is to know about a data set before a search spends time on it. Plain JSON. */
import type { SplitName } from './dataset.ts';
import {
  type Duplicates,
  findDuplicates,
  findLabelConflicts,
  findLeaks,
  type LabelConflicts,
  type Leak,
} from './duplicates.ts';
import type { ImageSize, ImageSource, SourceSplit, UnreadableImage } from './source.ts';
import type { Splits } from './splits.ts';

/** A split and where it comes from. */
interface SplitReport {
  /** Of images. */
  readonly count: number;
  /** Whether the source has it. */
  readonly origin: 'given' | 'cut from train';
}

/** Images of one class. */
export interface ClassReport {
  /** Of the class. */
  readonly name: string;
  /** Training images. */
  readonly train: number;
  /** Validation images. */
  readonly val: number;
  /** Test images. */
  readonly test: number;
}

/**
 * What was found in a data set before anything is trained on it: counts, sizes, duplicates, leaks between splits,
 * unreadable files.
 */
export interface DataReport {
  /** Of the data set. */
  readonly name: string;
  /** In words, e.g. "class folders". */
  readonly format: string;
  /** True for data that Espalier draws itself. */
  readonly synthetic: boolean;
  /** Usable images. */
  readonly images: number;
  /** By class index. */
  readonly classes: readonly ClassReport[];
  /** As they are searched on. */
  readonly splits: Readonly<Record<SplitName, SplitReport>>;
  /** Training images of the largest class to those of the smallest that has any, ≥ 1. */
  readonly imbalance: number;
  /** Grey or RGB. */
  readonly channels: 1 | 3;
  /** What images are resized to, in pixels. */
  readonly size: ImageSize;
  /** Of the images as they came; median by area. */
  readonly originalSizes: Readonly<Record<'min' | 'median' | 'max', ImageSize>>;
  /** Images that were left out. */
  readonly unreadable: readonly UnreadableImage[];
  /** Within the splits as they came (`train` is everything when the source has no splits). */
  readonly duplicates: readonly Duplicates[];
  /** Between the splits as they came. Splits that Espalier cuts share no identical images. */
  readonly leaks: readonly Leak[];
  /** Identical images with different labels. */
  readonly labelConflicts: LabelConflicts;
  /** What the reader has to say, in plain sentences. */
  readonly notes: readonly string[];
  /** What the user should know or mend, in plain sentences. */
  readonly warnings: readonly string[];
}

const LARGE_IMBALANCE = 10;
const FEW_IMAGES = 10;

export interface ReportInput {
  readonly name: string;
  readonly synthetic: boolean;
  readonly source: ImageSource;
  readonly splits: Splits;
}

export function dataReport({ name, synthetic, source, splits }: ReportInput): DataReport {
  const counts = {
    train: countClasses(splits.train, source),
    val: countClasses(splits.val, source),
    test: countClasses(splits.test, source),
  };
  const classes = source.classes.map((className, i) => ({
    name: className,
    train: counts.train[i]!,
    val: counts.val[i]!,
    test: counts.test[i]!,
  }));
  const present = counts.train.filter((count) => count > 0);
  const origin = (split: SplitName) => (splits.cut.includes(split) ? 'cut from train' : 'given');
  const facts = {
    name,
    format: source.format,
    synthetic,
    images: splits.train.count + splits.val.count + splits.test.count,
    classes,
    splits: {
      train: { count: splits.train.count, origin: 'given' },
      val: { count: splits.val.count, origin: origin('val') },
      test: { count: splits.test.count, origin: origin('test') },
    },
    imbalance: Math.max(...present) / Math.min(...present),
    channels: source.channels,
    size: { width: source.width, height: source.height },
    originalSizes: source.sizes,
    unreadable: source.unreadable,
    duplicates: findDuplicates(source.splits),
    leaks: findLeaks(source.splits),
    labelConflicts: findLabelConflicts(source.splits),
    notes: source.notes,
  } as const;
  return { ...facts, warnings: warningsOf(facts) };
}

function countClasses(split: SourceSplit, { classes }: ImageSource): number[] {
  const counts = classes.map(() => 0);
  for (const label of split.labels) counts[label]! += 1;
  return counts;
}

function warningsOf(facts: Omit<DataReport, 'warnings'>): string[] {
  const warnings: string[] = [];
  for (const { splits, count, files } of facts.leaks)
    warnings.push(
      `${count} of the ${splits[1]} images ${count === 1 ? 'stands' : 'stand'} in ${splits[0]} too (${files[0]![1]} is ${files[0]![0]}): the ${splits[1]} accuracy will look better than it is.`,
    );
  const { count, examples } = facts.labelConflicts;
  if (count > 0)
    warnings.push(
      `${count} ${count === 1 ? 'image stands' : 'images stand'} in more than one class (${examples[0]!.join(', ')}): at most one label can be right.`,
    );
  if (facts.imbalance > LARGE_IMBALANCE)
    warnings.push(
      `The largest class has ${Math.round(facts.imbalance)} times the training images of the smallest: accuracy alone says little about the small ones.`,
    );
  const few = facts.classes.filter((c) => c.train > 0 && c.train + c.val + c.test < FEW_IMAGES);
  if (few.length > 0)
    warnings.push(
      `Fewer than ${FEW_IMAGES} images in ${listOf(few.map((c) => c.name))}: too few to learn from.`,
    );
  for (const split of ['train', 'val', 'test'] as const) {
    const absent = facts.classes.filter((c) => c[split] === 0);
    if (absent.length > 0) warnings.push(`No ${split} images of ${listOf(absent.map((c) => c.name))}.`);
  }
  if (facts.unreadable.length > 0)
    warnings.push(
      `${facts.unreadable.length} ${facts.unreadable.length === 1 ? 'image' : 'images'} cannot be decoded and ${facts.unreadable.length === 1 ? 'was' : 'were'} left out, first ${facts.unreadable[0]!.file}: ${facts.unreadable[0]!.reason}.`,
    );
  return warnings;
}

function listOf(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(', ');
  return names.length > 5 ? `${shown} and ${names.length - 5} more classes` : shown;
}
