/** Images and labels out of named arrays: `train_images`/`train_labels` (MedMNIST) or `x_train`/`y_train` (Keras). */
import { fail } from '../errors.ts';
import { classCount, classNames } from './class-names.ts';
import type { SplitName } from './dataset.ts';
import type { NpyArray } from './npy.ts';
import { labelsOf, packedSource, packedSplit, planarOf } from './packed-images.ts';
import { type ImageSource, type SourceSplit, SPLIT_NAMES } from './source.ts';

const KIND: Readonly<Record<string, 'images' | 'labels'>> = {
  x: 'images',
  image: 'images',
  images: 'images',
  data: 'images',
  y: 'labels',
  label: 'labels',
  labels: 'labels',
  target: 'labels',
  targets: 'labels',
};

/** What an array holds by its name, e.g. `train_images`, `x_val`, `X_test`, or `images` alone; null for other names. */
export function roleOf(name: string): { split: SplitName; kind: 'images' | 'labels' } | null {
  const words = name.toLowerCase().split(/[-_.]/);
  const kind = words.map((word) => KIND[word]).find((found) => found !== undefined);
  const split = words.map((word) => SPLIT_NAMES[word]).find((found) => found !== undefined);
  if (!kind || words.length > 2 || (words.length === 2 && !split)) return null;
  return { split: split ?? 'train', kind };
}

export interface ArraysPlace {
  /** Where a list of class names may stand. */
  readonly folder: string;
  /** What an array is called in messages, its file's path among it. */
  readonly placeOf: (name: string) => string;
}

/** `arrays` by name. @throws DATA_NOT_FOUND, DATA_CORRUPT */
export async function sourceOfArrays(
  format: string,
  arrays: ReadonlyMap<string, NpyArray>,
  { folder, placeOf }: ArraysPlace,
): Promise<ImageSource> {
  const found: Partial<Record<SplitName, Partial<Record<'images' | 'labels', string>>>> = {};
  for (const name of arrays.keys()) {
    const role = roleOf(name);
    if (role) found[role.split] = { ...found[role.split], [role.kind]: name };
  }
  const read = (split: SplitName) => {
    const { images, labels } = found[split] ?? {};
    if (!images && !labels) return undefined;
    if (!images || !labels)
      return fail('DATA_NOT_FOUND', {
        path: folder,
        reason: `${images ?? labels} stands without its ${images ? 'labels' : 'images'}`,
      });
    const image = imagesOf(arrays.get(images)!, placeOf(images));
    const label = labelsOfArray(arrays.get(labels)!, placeOf(labels));
    if (label.length !== image.count)
      fail('DATA_CORRUPT', {
        file: placeOf(labels),
        reason: `it has ${label.length} labels for the ${image.count} images of ${images}`,
      });
    return { ...image, labels: label, file: images };
  };
  const train = read('train');
  if (!train) return fail('DATA_NOT_FOUND', { path: folder, reason: 'no array of training images' });
  const val = read('val');
  const test = read('test');
  const shape = { channels: train.channels, height: train.height, width: train.width };
  const splits: Partial<Record<SplitName, SourceSplit>> = {};
  for (const [name, part] of Object.entries({ train, val, test })) {
    if (!part) continue;
    if (part.channels !== shape.channels || part.height !== shape.height || part.width !== shape.width)
      fail('DATA_CORRUPT', {
        file: placeOf(part.file),
        reason: `its images have another shape than those of ${train.file}`,
      });
    splits[name as SplitName] = packedSplit(part, shape);
  }
  const classes = await classNames(
    folder,
    classCount([train, val, test].flatMap((part) => (part ? [part.labels] : []))),
  );
  return packedSource(format, classes, shape, { ...splits, train: splits.train! });
}

function imagesOf({ shape, data, whole }: NpyArray, file: string) {
  const [count = 0, a = 0, b = 0, c] = shape;
  const layout = layoutOf(a, b, c, shape.length);
  if (!layout)
    return fail('DATA_CORRUPT', {
      file,
      reason: `its shape ${shape.join('×')} is not images×height×width, with 1 or 3 channels last or first`,
    });
  const { channels, height, width, interleaved } = layout;
  const bytes = bytesOf(data, whole, file);
  return { count, channels, height, width, images: interleaved ? planarOf(bytes, count, channels) : bytes };
}

function layoutOf(a: number, b: number, c: number | undefined, rank: number) {
  if (rank === 3) return { channels: 1, height: a, width: b, interleaved: false } as const;
  if (rank !== 4 || c === undefined) return null;
  if (c === 1 || c === 3) return { channels: c, height: a, width: b, interleaved: true } as const;
  if (a === 1 || a === 3) return { channels: a, height: b, width: c, interleaved: false } as const;
  return null;
}

/** Bytes as they are; real numbers in 0..1 times 255; other numbers in 0..255 rounded. */
function bytesOf(data: ArrayLike<number>, whole: boolean, file: string): Uint8Array {
  if (data instanceof Uint8Array) return data;
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    if (Number.isNaN(value)) fail('DATA_CORRUPT', { file, reason: `value ${i} is not a number` });
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low < 0 || high > 255)
    fail('DATA_CORRUPT', {
      file,
      reason: `its values run from ${low} to ${high}; images have 0..255, or 0..1 as real numbers`,
    });
  const factor = !whole && high <= 1 ? 255 : 1;
  const bytes = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i++) bytes[i] = Math.round(data[i]! * factor);
  return bytes;
}

/** [n], [n, 1], or one-hot [n, classes]. */
function labelsOfArray({ shape, data }: NpyArray, file: string): Uint16Array {
  const [count = 0, columns = 1] = shape;
  if (shape.length <= 2 && columns === 1) return labelsOf(data, file);
  if (shape.length !== 2)
    return fail('DATA_CORRUPT', {
      file,
      reason: `its shape ${shape.join('×')} is not one class index per image (masks are for segmentation)`,
    });
  const labels = new Uint16Array(count);
  for (let i = 0; i < count; i++) {
    let ones = 0;
    for (let k = 0; k < columns; k++) {
      const value = data[i * columns + k]!;
      if (value === 1) {
        ones++;
        labels[i] = k;
      } else if (value !== 0) ones = Number.NaN;
    }
    if (ones !== 1)
      fail('DATA_CORRUPT', {
        file,
        reason: `row ${i} does not name exactly one class (several labels per image are not supported)`,
      });
  }
  return labels;
}
