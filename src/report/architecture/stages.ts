/**
 * Boxes in the groups that their ids name (`stage2.block1.conv` belongs to stage2), so that a network of hundreds of
 * layers is read stage by stage. Equal neighbours are drawn once.
 */
import type { Box } from './boxes.ts';

export interface Stage {
  readonly name: string;
  /** How many equal stages stand here one after another. */
  readonly repeats: number;
  readonly boxes: readonly Box[];
}

/** Larger stages are split by the next part of their boxes' ids. */
const LARGEST_STAGE = 14;

const prefix = (id: string, depth: number): string => {
  const parts = id.split('.');
  return parts.slice(0, Math.min(depth, parts.length - 1)).join('.');
};

/** Runs of boxes with the same prefix, split further while they are too large. */
function split(
  boxes: readonly Box[],
  depth: number,
): { readonly name: string; readonly boxes: readonly Box[] }[] {
  const runs: { name: string; boxes: Box[] }[] = [];
  for (const box of boxes) {
    const name = prefix(box.id, depth);
    const last = runs[runs.length - 1];
    if (last?.name === name) last.boxes.push(box);
    else runs.push({ name, boxes: [box] });
  }
  return runs.flatMap((run) => {
    const deeper =
      run.boxes.length > LARGEST_STAGE && run.boxes.some((box) => box.id.split('.').length > depth + 1);
    return deeper ? split(run.boxes, depth + 1) : [run];
  });
}

/** What a stage does, without names: equal texts mean equal drawings. */
function signature(boxes: readonly Box[]): string {
  const place = new Map(boxes.map((box, i) => [box.id, i]));
  const outside = new Map<string, number>();
  const reference = (id: string): number => {
    const inside = place.get(id);
    if (inside !== undefined) return inside;
    if (!outside.has(id)) outside.set(id, outside.size);
    return -1 - outside.get(id)!;
  };
  return JSON.stringify(boxes.map((b) => [b.title, b.detail, b.shape, b.inputs.map(reference)]));
}

export function stagesOf(boxes: readonly Box[]): Stage[] {
  const stages: (Stage & { readonly signature: string })[] = [];
  for (const run of split(boxes, 1)) {
    const own = signature(run.boxes);
    const last = stages[stages.length - 1];
    // Single boxes say more one by one than as a multiple.
    if (last?.signature === own && run.boxes.length > 1)
      stages[stages.length - 1] = { ...last, repeats: last.repeats + 1 };
    else stages.push({ name: run.name, boxes: run.boxes, repeats: 1, signature: own });
  }
  return stages;
}
