/** How a classifier from anywhere wants its images, and which of its outputs is which class. */
import type { ImageDataset, ImageSplit, Normalisation } from '../data/dataset.ts';
import { fail } from '../errors.ts';

/** As the models of torchvision and timm were trained (ImageNet's training images). */
const IMAGENET: Normalisation = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
const UNIT: Normalisation = { mean: [0], std: [1] };

/** What a model is likely to expect when nobody says: ImageNet's normalisation in colour, 0..1 in grey. */
export const usualNormalisation = (channels: 1 | 3): Normalisation => (channels === 3 ? IMAGENET : UNIT);

/**
 * The data set as a model sees it: its normalisation, and its classes in the order of the model's outputs.
 * @param labels the model's, in the order of its outputs; null where they are the data's
 * @throws MODEL_LABELS when the data have a class that the model does not know
 */
export function datasetFor(
  dataset: ImageDataset,
  normalisation: Normalisation,
  labels: readonly string[] | null,
  path: string,
): ImageDataset {
  const fitted = { ...dataset, normalisation };
  if (labels === null || labels.join('\n') === dataset.classes.join('\n')) return fitted;
  const places = dataset.classes.map((name) => {
    const place = labels.indexOf(name);
    return place >= 0
      ? place
      : fail('MODEL_LABELS', {
          path,
          reason: `the data have the class "${name}", which the model does not know`,
        });
  });
  const relabelled = (split: ImageSplit): ImageSplit => ({
    ...split,
    labels: split.labels.map((label) => places[label]!),
  });
  return {
    ...fitted,
    classes: labels,
    train: relabelled(dataset.train),
    val: relabelled(dataset.val),
    test: dataset.test && relabelled(dataset.test),
  };
}
