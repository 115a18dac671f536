/** What can be found wrong with a search before anything is read or written. */
import { resolve } from 'node:path';
import type { ImageDataset } from '../data/dataset.ts';
import { BUILT_IN, checkData } from '../data/load.ts';
import { fail } from '../errors.ts';
import { measureInfo } from '../study/measure.ts';
import { loadStrategy } from './find-strategy.ts';
import { checkHeadStart } from './head-start.ts';
import { isModulePath, loadSpace } from './load-space.ts';
import type { SearchOptions } from './options.ts';
import type { SearchPlan } from './plan.ts';

/** @throws SPACE_UNKNOWN, MODULE_LOAD, USAGE, DATA_NOT_FOUND, DATA_FORMAT, DATA_EMPTY, WARM_START */
export async function checkOptions(options: SearchOptions): Promise<void> {
  const { data, objectives, strategy } = options;
  const space = await loadSpace(options.space);
  await loadStrategy(strategy);
  await checkHeadStart(options, space);
  for (const { measure } of objectives) measureInfo(measure);
  await checkData(data);
}

const wholePath = (reference: string): string => (isModulePath(reference) ? resolve(reference) : reference);

/** The options with paths that mean the same from every working directory: a run may be gone on with from another one. */
export const withWholePaths = (options: SearchOptions): SearchOptions => ({
  ...options,
  data: options.data === BUILT_IN ? options.data : resolve(options.data),
  space: wholePath(options.space),
  strategy: wholePath(options.strategy),
});

/** @throws BATCH_TOO_LARGE when a trial would have no batch */
export function checkBatch(
  { batchSize }: SearchOptions,
  { dataShare }: SearchPlan,
  { train }: ImageDataset,
): void {
  const images = Math.round(train.count * dataShare);
  if (batchSize !== null && batchSize > images) fail('BATCH_TOO_LARGE', { images, batch: batchSize });
}
