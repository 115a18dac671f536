/** The random changes of training images in words, for the plan and the report. */
import type { Augmentation } from './dataset.ts';

/** `horizontal flips, shifts of up to 4 px, brightness and contrast by up to 10 %`; `none` where nothing is changed. */
export function describeAugmentation(augmentation: Augmentation, channels: 1 | 3): string {
  const { flip, flipVertical, shift, rotate, scale, jitter, cutout, mixup } = augmentation;
  const percent = (share: number): string => `${Number((100 * share).toPrecision(3))} %`;
  const colour = channels === 1 ? 'brightness and contrast' : 'brightness, contrast and saturation';
  const parts = [
    flip ? 'horizontal flips' : '',
    flipVertical ? 'vertical flips' : '',
    shift > 0 ? `shifts of up to ${shift} px` : '',
    rotate > 0 ? `turns of up to ${rotate}°` : '',
    scale > 0 ? `sizes by up to ${percent(scale)}` : '',
    jitter > 0 ? `${colour} by up to ${percent(jitter)}` : '',
    cutout > 0 ? `cutout of ${cutout} px` : '',
    mixup > 0 ? `mixup ${mixup}` : '',
  ].filter((part) => part !== '');
  if (parts.length === 0) return 'none';
  return `${parts.join(', ')}${flip || flipVertical ? '' : '; no flips'}`;
}
