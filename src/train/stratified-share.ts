/** A fixed share of a split that keeps the classes' proportions. */
import type { ImageSplit } from '../data/dataset.ts';
import type { Random } from '../random.ts';

/** At least one image of every class that has any; the images keep their order. `share` in (0, 1]. */
export function stratifiedShare(
  split: ImageSplit,
  classes: number,
  share: number,
  random: Random,
): ImageSplit {
  if (share >= 1) return split;
  const byClass = Array.from({ length: classes }, (): number[] => []);
  for (let i = 0; i < split.count; i++) byClass[split.labels[i]!]!.push(i);
  const chosen = byClass.flatMap((members) => {
    const count = members.length === 0 ? 0 : Math.max(1, Math.round(members.length * share));
    return random.shuffle(members).slice(0, count);
  });
  chosen.sort((a, b) => a - b);
  const size = split.images.length / split.count;
  const images = new Uint8Array(chosen.length * size);
  const labels = new Uint16Array(chosen.length);
  chosen.forEach((from, to) => {
    images.set(split.images.subarray(from * size, (from + 1) * size), to * size);
    labels[to] = split.labels[from]!;
  });
  return { count: chosen.length, images, labels };
}
