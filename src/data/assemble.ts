/** The last steps from a source to a data set: channels, size, splits, normalisation, fingerprint, report. */
import { fail } from '../errors.ts';
import type { Random } from '../random.ts';
import type { ImageDataset, ImageSplit } from './dataset.ts';
import { withChannels } from './decode-image.ts';
import { fingerprintOf } from './fingerprint.ts';
import { measureNormalisation } from './normalisation.ts';
import { type DataReport, dataReport } from './report.ts';
import { resizer } from './resize.ts';
import type { ImageSource, SourceSplit } from './source.ts';
import { makeSplits } from './splits.ts';
import { workingSize } from './working-size.ts';

/** A data set and what there is to know about it. */
export interface LoadedDataset {
  /** In memory. */
  readonly dataset: ImageDataset;
  /** To be shown before a search spends time on it. */
  readonly report: DataReport;
}

interface AssembleOptions {
  readonly name: string;
  /** For messages. */
  readonly path: string;
  readonly synthetic: boolean;
  readonly random: Random;
  readonly imageSize?: number | undefined;
  readonly channels?: 1 | 3 | undefined;
}

/** @throws DATA_EMPTY, DATA_ONE_CLASS, DATA_TOO_FEW */
export function assembleDataset(raw: ImageSource, options: AssembleOptions): LoadedDataset {
  const { name, path, synthetic, random } = options;
  const labels = new Set(Object.values(raw.splits).flatMap((split) => [...new Set(split.labels)]));
  const [label] = labels;
  if (label === undefined) return fail('DATA_EMPTY', { path, reason: 'it holds no images' });
  if (labels.size === 1) fail('DATA_ONE_CLASS', { path, class: raw.classes[label] ?? label });
  if (raw.splits.train.count === 0) fail('DATA_EMPTY', { path, reason: 'its training part holds no images' });

  const source = fitSize(fitChannels(raw, options.channels), options.imageSize);
  const splits = makeSplits(source, random, path);
  const train = imagesOf(splits.train);
  const content = {
    name,
    classes: source.classes,
    channels: source.channels,
    height: source.height,
    width: source.width,
    train,
    val: imagesOf(splits.val),
    test: imagesOf(splits.test),
  };
  const dataset: ImageDataset = {
    ...content,
    normalisation: measureNormalisation(train, source.channels),
    fingerprint: fingerprintOf(content),
  };
  return { dataset, report: dataReport({ name, synthetic, source, splits }) };
}

const imagesOf = ({ count, images, labels }: SourceSplit): ImageSplit => ({ count, images, labels });

/** Grey when asked for, or when all images are. */
function fitChannels(source: ImageSource, asked: 1 | 3 | undefined): ImageSource {
  const { channels: from, height, width } = source;
  const to = asked ?? (from === 3 && allGrey(source) ? 1 : from);
  if (from === to) return source;
  return {
    ...mapImages(source, from * height * width, (image) => withChannels(image, from, to)),
    channels: to,
  };
}

function allGrey({ splits, height, width }: ImageSource): boolean {
  const plane = height * width;
  return Object.values(splits).every(({ images }) => {
    for (let start = 0; start < images.length; start += 3 * plane)
      for (let i = start; i < start + plane; i++)
        if (images[i] !== images[i + plane] || images[i] !== images[i + 2 * plane]) return false;
    return true;
  });
}

function fitSize(source: ImageSource, imageSize: number | undefined): ImageSource {
  const { channels, height, width } = source;
  const size = workingSize([source], imageSize);
  if (size.width === width && size.height === height) return source;
  return { ...mapImages(source, channels * height * width, resizer(channels, source, size)), ...size };
}

/** Each image of `size` bytes through `change`, all results equally long. */
function mapImages(
  source: ImageSource,
  size: number,
  change: (image: Uint8Array) => Uint8Array,
): ImageSource {
  const mapped = (split: SourceSplit): SourceSplit => {
    const results = Array.from({ length: split.count }, (_, i) =>
      change(split.images.subarray(i * size, (i + 1) * size)),
    );
    const images = new Uint8Array(results.reduce((sum, image) => sum + image.length, 0));
    let at = 0;
    for (const image of results) {
      images.set(image, at);
      at += image.length;
    }
    return { ...split, images };
  };
  const { train, val, test } = source.splits;
  return {
    ...source,
    splits: {
      train: mapped(train),
      ...(val ? { val: mapped(val) } : {}),
      ...(test ? { test: mapped(test) } : {}),
    },
  };
}
