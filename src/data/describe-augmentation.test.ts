import { expect, test } from 'vitest';
import { NO_AUGMENTATION } from './augment.ts';
import { describeAugmentation } from './describe-augmentation.ts';

test('only what is done is named, and that nothing is mirrored', () => {
  expect(describeAugmentation(NO_AUGMENTATION, 3)).toBe('none');
  expect(describeAugmentation({ ...NO_AUGMENTATION, shift: 3, rotate: 10, scale: 0.1, jitter: 0.1 }, 1)).toBe(
    'shifts of up to 3 px, turns of up to 10°, sizes by up to 10 %, brightness and contrast by up to 10 %; no flips',
  );
  expect(
    describeAugmentation(
      { ...NO_AUGMENTATION, flip: true, flipVertical: true, jitter: 0.05, cutout: 8, mixup: 0.2 },
      3,
    ),
  ).toBe(
    'horizontal flips, vertical flips, brightness, contrast and saturation by up to 5 %, cutout of 8 px, mixup 0.2',
  );
});
