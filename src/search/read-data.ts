/** The data of a run: read once, then kept decoded in the run's folder. */
import { existsSync } from 'node:fs';
import { readDatasetCache, writeDatasetCache } from '../data/cache.ts';
import type { Augmentation, ImageDataset } from '../data/dataset.ts';
import { loadImageDataset } from '../data/load.ts';
import type { DataReport } from '../data/report.ts';
import { suitableAugmentation } from '../data/suitable-augmentation.ts';
import { EspalierError, fail } from '../errors.ts';
import type { StudyStorage } from '../storage/storage.ts';
import type { OnEvent } from './events.ts';
import type { SearchOptions } from './options.ts';
import { get, put } from './record.ts';
import type { RunFolder } from './run-folder.ts';

export interface ReadHooks {
  readonly onEvent: OnEvent;
  readonly signal: AbortSignal;
}

/** Reads the data as the options say. */
export async function loadData(
  options: SearchOptions,
  { onEvent, signal }: ReadHooks,
): Promise<{ readonly dataset: ImageDataset; readonly report: DataReport }> {
  return loadImageDataset(options.data, {
    seed: options.seed,
    signal,
    onProgress: (done, total) => onEvent({ event: 'data-loading', done, total }),
    ...(options.imageSize !== null && { imageSize: options.imageSize }),
    ...(options.channels !== null && { channels: options.channels }),
  });
}

/**
 * The data of a run, from its cache where that is there and whole.
 * @throws as loadData; DATA_CHANGED when the images had to be read again and are others by now; DATA_CACHE_WRITE
 */
export async function readData(
  options: SearchOptions,
  folder: RunFolder,
  storage: StudyStorage,
  hooks: ReadHooks,
): Promise<{ readonly dataset: ImageDataset; readonly report: DataReport }> {
  const known = await get(storage, 'dataReport');
  if (known !== null && existsSync(folder.dataset)) {
    const dataset = await readDatasetCache(folder.dataset).catch((error) => {
      if (!(error instanceof EspalierError)) throw error;
      hooks.onEvent({ event: 'warning', message: `${error.message}; the images are read again` });
      return null;
    });
    if (dataset !== null) return { dataset, report: known };
  }
  const loaded = await loadData(options, hooks);
  const former = await get(storage, 'fingerprint');
  if (former !== null && former !== loaded.dataset.fingerprint) fail('DATA_CHANGED', { path: options.data });
  await writeDatasetCache(loaded.dataset, folder.dataset);
  await put(storage, 'fingerprint', loaded.dataset.fingerprint);
  await put(storage, 'dataReport', loaded.report);
  return loaded;
}

/** What suits a data set takes a good part of a second to find out, and is asked for by plan, trials and final training. */
const suiting = new WeakMap<ImageDataset, Augmentation>();

/** What suits the data, with what the options say by hand. */
export function augmentationOf(dataset: ImageDataset, options: SearchOptions): Augmentation {
  const { flips } = options;
  const suitable = suiting.get(dataset) ?? suitableAugmentation(dataset);
  suiting.set(dataset, suitable);
  return {
    ...suitable,
    ...(flips !== null && {
      flip: flips === 'horizontal' || flips === 'both',
      flipVertical: flips === 'vertical' || flips === 'both',
    }),
    ...options.augmentation,
  };
}
