/** Whether the data are those of the search, and the model as accurate on them as its file says. */
import { wilsonInterval } from '../../task/classification-metrics.ts';
import { evaluateModel } from '../../train/evaluate.ts';
import { datasetFor } from '../model-input.ts';
import { agrees, type Check, disagrees, unchecked } from './check.ts';

const NO_DATA = 'give the data with --data';
const NO_METADATA = 'the file does not say its labels and how it wants its images';

export const checkData: Check = ({ dataset, metadata }) => {
  if (metadata === null) return unchecked(NO_METADATA);
  if (dataset === null) return unchecked(NO_DATA);
  return dataset.fingerprint === metadata.data
    ? agrees('the data are those of the search, image by image')
    : disagrees(
        'these are not the data of the search, or not read in the same way: their fingerprints differ',
      );
};

/** Another processor rounds differently, which moves an image that lies on a border now and then. */
const ROUNDING_SHARE = 0.001;

export const checkAccuracy: Check = async ({ dataset, metadata, precision, bytes, threads }) => {
  if (metadata === null) return unchecked(NO_METADATA);
  if (dataset === null) return unchecked(NO_DATA);
  const name = dataset.test === null ? 'val' : 'test';
  const split = dataset.test ?? dataset.val;
  const { accuracy, quantisation, preprocessing } = metadata;
  // Files of before have the accuracy in 8 bits there.
  const recorded =
    accuracy[precision]?.[name] ?? (precision === 'int8' ? quantisation?.int8?.[name] : null) ?? null;
  const found = await evaluateModel({
    model: bytes,
    split: datasetFor({ ...dataset, test: split }, preprocessing, metadata.labels, 'the model').test!,
    dataset: datasetFor(dataset, preprocessing, metadata.labels, 'the model'),
    threads,
  });
  const hits = Math.round(found.accuracy * split.count);
  const [low, high] = wilsonInterval(hits, split.count);
  const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
  const here = `${percent(found.accuracy)} of ${split.count} ${name === 'test' ? 'test' : 'validation'} images (95 %: ${percent(low)} to ${percent(high)})`;
  if (recorded === null) return unchecked(`${here}; the file does not say how accurate it is there`);
  const said = `${here}; the file says ${percent(recorded)}`;
  if (dataset.fingerprint !== metadata.data) return unchecked(`${said}, of other data`);
  const moved = Math.abs(hits - Math.round(recorded * split.count));
  const allowed = Math.max(1, Math.round(ROUNDING_SHARE * split.count));
  return moved <= allowed ? agrees(said) : disagrees(said);
};
