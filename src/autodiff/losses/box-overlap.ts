/** Losses of the overlap of boxes: IoU, GIoU (Rezatofighi et al. 2019), DIoU and CIoU (Zheng et al. 2020). */
import { float32 } from '../../onnx/graph-builder.ts';
import { type Arithmetic, staticShape } from '../arithmetic.ts';
import type { Loss, StopGradient } from './loss.ts';
import { axisProblem, inputLike, meanOfAll, sumOfAll } from './reduction.ts';

/** Which overlap {@link boxOverlap} takes, and whether boxes are weighed. */
export interface BoxOverlapOptions {
  /**
   * What is added to 1 − IoU: nothing (`iou`, the default), the empty share of the hull (`giou`), the distance of the
   * centres (`diou`), or that and the difference of the aspect ratios (`ciou`).
   */
  readonly kind?: 'iou' | 'giou' | 'diou' | 'ciou';
  /**
   * With true, input `weights` (float32, ≥ 0, shaped like the boxes without the last axis) weighs each box, and the
   * loss is the weighted sum over max(Σ weights, 1): 0 for places of the fixed-size output that no object stands in.
   * False by default: the mean over all boxes.
   */
  readonly weighted?: boolean;
}

/** Keeps quotients finite for boxes without area. */
const EPSILON = 1e-7;

interface Boxes {
  readonly left: string;
  readonly top: string;
  readonly right: string;
  readonly bottom: string;
  readonly width: string;
  readonly height: string;
}

function edges(m: Arithmetic, boxes: string): Boxes {
  const axis = m.g.shape(boxes).length - 1;
  const [left, top, right, bottom] = [0, 1, 2, 3].map((i) => m.slice(boxes, axis, i, i + 1)) as [
    string,
    string,
    string,
    string,
  ];
  return { left, top, right, bottom, width: m.sub(right, left), height: m.sub(bottom, top) };
}

const square = (m: Arithmetic, value: string): string => m.mul(value, value);

/**
 * 1 − IoU, and what the kind adds to it: GIoU (Rezatofighi et al. 2019, algorithm 1), DIoU or CIoU (Zheng et al. 2020, eqs.
 * 7 and 8–11; the weight of the aspect ratios passes no gradient on). The model's first output is [… , 4]: left, top,
 * right, bottom in any one unit, left ≤ right and top ≤ bottom. Input `targets`: float32 of the same shape. Overlap,
 * hull and diagonal are divided by with 1e-7 added.
 * @throws SHAPE when the output does not end in an axis of 4 (when the graph is built)
 */
export function boxOverlap({ kind = 'iou', weighted = false }: BoxOverlapOptions = {}): Loss {
  return {
    name: 'boxOverlap',
    build(m, outputs, stopGradient) {
      const boxes = outputs[0]!;
      const all = staticShape(m.g.shape(boxes));
      if (all.at(-1) !== 4)
        axisProblem('boxOverlap', boxes, all, 'does not end in an axis of 4: left, top, right, bottom');
      const targets = inputLike(m, 'targets', boxes);
      const loss = overlapLoss(m, boxes, targets, kind, stopGradient);
      if (!weighted) return meanOfAll(m, loss);
      const shape = all.slice(0, -1);
      const weights = m.g.input('weights', 'float32', shape);
      const sum = sumOfAll(m, m.mul(m.reshape(loss, shape), weights));
      return m.div(sum, m.g.op('Max', [sumOfAll(m, weights), m.scalar(1)]));
    },
  };
}

function overlapLoss(
  m: Arithmetic,
  boxes: string,
  targets: string,
  kind: NonNullable<BoxOverlapOptions['kind']>,
  stopGradient: StopGradient,
): string {
  const { g } = m;
  const epsilon = m.scalar(EPSILON);
  const a = edges(m, boxes);
  const b = edges(m, targets);
  const smaller = (x: string, y: string): string => g.op('Min', [x, y]);
  const larger = (x: string, y: string): string => g.op('Max', [x, y]);
  const positive = (x: string): string => g.op('Relu', [x]);

  const common = m.mul(
    positive(m.sub(smaller(a.right, b.right), larger(a.left, b.left))),
    positive(m.sub(smaller(a.bottom, b.bottom), larger(a.top, b.top))),
  );
  const union = m.sub(m.add(m.mul(a.width, a.height), m.mul(b.width, b.height)), common);
  const iou = m.div(common, m.add(union, epsilon));
  const loss = m.sub(m.scalar(1), iou);
  if (kind === 'iou') return loss;

  // The smallest box around both.
  const hullWidth = m.sub(larger(a.right, b.right), smaller(a.left, b.left));
  const hullHeight = m.sub(larger(a.bottom, b.bottom), smaller(a.top, b.top));
  if (kind === 'giou') {
    const hull = m.mul(hullWidth, hullHeight);
    return m.add(loss, m.div(m.sub(hull, union), m.add(hull, epsilon)));
  }
  const diagonal = m.add(m.add(square(m, hullWidth), square(m, hullHeight)), epsilon);
  const across = m.scale(m.sub(m.add(a.left, a.right), m.add(b.left, b.right)), 0.5);
  const down = m.scale(m.sub(m.add(a.top, a.bottom), m.add(b.top, b.bottom)), 0.5);
  const distance = m.add(loss, m.div(m.add(square(m, across), square(m, down)), diagonal));
  if (kind === 'diou') return distance;

  // v compares the aspect ratios; its weight counts as a constant, as the authors have it.
  const angle = (box: Boxes): string => g.op('Atan', [m.div(box.width, m.add(box.height, epsilon))]);
  const v = m.mul(square(m, m.sub(angle(b), angle(a))), g.constant(float32(4 / Math.PI ** 2)));
  const weight = stopGradient(m.div(v, m.add(m.add(m.sub(m.scalar(1), iou), v), epsilon)));
  return m.add(distance, m.mul(weight, v));
}
