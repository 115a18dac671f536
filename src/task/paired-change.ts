/** How much of a change of accuracy is chance, when two models have judged the same images. */

export interface PairedChange {
  /** Accuracy of the second model minus that of the first, −1..1. */
  readonly change: number;
  /** Its 95 % interval. */
  readonly interval: readonly [number, number];
  /** Images that only the second model has right, and that only the first one has. */
  readonly gained: number;
  readonly lost: number;
}

const Z = 1.959963984540054;

/**
 * The change from one model to another and its adjusted Wald interval for paired proportions (Bonett & Price 2012,
 * equation 3): images on which both are right or both wrong tell nothing, so that it is far narrower than the two accuracies'
 * own intervals let one think.
 * @param first and `second`: for each image, in the same order, 1 where the model is right, else 0
 */
export function pairedChange(first: Uint8Array, second: Uint8Array): PairedChange {
  const images = first.length;
  const count = (holds: (i: number) => boolean): number =>
    first.reduce((sum, _, i) => sum + (holds(i) ? 1 : 0), 0);
  const gained = count((i) => second[i]! > first[i]!);
  const lost = count((i) => first[i]! > second[i]!);
  const [up, down] = [(gained + 1) / (images + 2), (lost + 1) / (images + 2)];
  const half = Z * Math.sqrt((up + down - (up - down) ** 2) / (images + 2));
  return {
    change: images === 0 ? 0 : (gained - lost) / images,
    interval: [Math.max(-1, up - down - half), Math.min(1, up - down + half)],
    gained,
    lost,
  };
}
