/** Augmentation chosen to suit the data, when nobody asks for another. */
import type { Augmentation, ImageDataset } from './dataset.ts';
import { keepsClassWhenMirrored } from './mirror-test.ts';

const SMALL_SIDE = 64;
const SMALL_SHIFT = 0.12;
const LARGE_SHIFT = 0.08;
const MANY_SHIFT = 0.06;
const MANY_IMAGES = 5000;

/**
 * Augmentation that suits the data, from the data alone:
 * - horizontal flips where a nearest-neighbour vote (Cover and Hart 1967) on the validation images shows that they
 *   are harmless; vertical ones never of its own accord;
 * - shifts of 12 % of the shorter side, of 8 % above 64 pixels; of 6 % for 5,000 images or more without plain ground;
 * - rotation by up to 10° and scale by 10 % where objects stand on a plain ground, as digits do: nothing is cut off
 *   there, and bilinear sampling would cost other images the fine detail;
 * - jitter of 0.1 for fewer than 5,000 images.
 *
 * Many images and a laptop's time make few passes over the data: more than this slows them down
 * (docs/decisions/0007).
 */
export function suitableAugmentation(dataset: ImageDataset): Augmentation {
  const { height, width, train } = dataset;
  const side = Math.min(height, width);
  const plain = hasPlainGround(dataset);
  const many = train.count >= MANY_IMAGES;
  return {
    flip: keepsClassWhenMirrored(dataset, 'horizontal'),
    flipVertical: false,
    shift: Math.round(side * (many && !plain ? MANY_SHIFT : side <= SMALL_SIDE ? SMALL_SHIFT : LARGE_SHIFT)),
    cutout: 0,
    jitter: many ? 0 : 0.1,
    rotate: plain ? 10 : 0,
    scale: plain ? 0.1 : 0,
    mixup: 0,
  };
}

const SAMPLED_IMAGES = 500;
const PLAIN_SHARE = 0.8;
const SAME_LEVELS = 12;

/** Whether nearly all pixels on the images' borders have one and the same level in each channel. */
function hasPlainGround({ channels, height, width, train }: ImageDataset): boolean {
  const step = Math.max(1, Math.floor(train.count / SAMPLED_IMAGES));
  for (let c = 0; c < channels; c++) {
    const histogram = new Float64Array(256);
    let pixels = 0;
    for (let image = 0; image < train.count; image += step) {
      const plane = (image * channels + c) * height * width;
      for (let y = 0; y < height; y++) {
        const across = y === 0 || y === height - 1 ? 1 : Math.max(1, width - 1);
        for (let x = 0; x < width; x += across) {
          histogram[train.images[plane + y * width + x]!]! += 1;
          pixels++;
        }
      }
    }
    const commonest = histogram.indexOf(Math.max(...histogram));
    const near = histogram.subarray(Math.max(0, commonest - SAME_LEVELS), commonest + SAME_LEVELS + 1);
    if (near.reduce((sum, count) => sum + count, 0) < PLAIN_SHARE * pixels) return false;
  }
  return true;
}
