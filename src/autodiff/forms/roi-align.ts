/** Regions of images brought to one size (He et al. 2017), written in gathers and products. */
import { fail } from '../../errors.ts';
import { float32, int, int64 } from '../../onnx/graph-builder.ts';
import type { OnnxNode } from '../../onnx/model.ts';
import { floatAttribute, intAttribute, ONNX_TYPE, stringAttribute } from '../../onnx/shape-rules.ts';
import { type Arithmetic, staticShape } from '../arithmetic.ts';
import { composite, type Form } from './form.ts';

/** Along one axis of all regions: what each sampled point, [regions, points], lies between. */
interface Along {
  /** Both neighbours, int64, and their shares, which are 0 for a point too far outside. */
  readonly low: { readonly index: string; readonly share: string };
  readonly high: { readonly index: string; readonly share: string };
}

/**
 * Each region is cut into cells, and each cell is the mean of the image at a grid of points, between pixels too. The number of
 * points must be given: else it depends on how large the regions are.
 */
export const roiAlign: Form = composite((m, node, [x, regions, images]) => {
  const { attributes } = node;
  const [n, channels, height, width] = staticShape(m.g.shape(x!)) as [number, number, number, number];
  const count = staticShape(m.g.shape(regions!))[0]!;
  const samples = intAttribute(attributes, 'sampling_ratio', 0);
  if (stringAttribute(attributes, 'mode', 'avg') !== 'avg') refuse(node, 'of the largest');
  if (samples <= 0) refuse(node, 'without a sampling_ratio');
  const rows = intAttribute(attributes, 'output_height', 1);
  const columns = intAttribute(attributes, 'output_width', 1);

  const down = along(m, node, regions!, 1, rows * samples, height);
  const across = along(m, node, regions!, 0, columns * samples, width);
  const [tall, wide] = [rows * samples, columns * samples];
  const integer = (value: number): string => m.g.constant({ ...int64([value]), shape: [] });
  const first = m.reshape(
    m.mul(m.g.op('Cast', [images!], { to: int(ONNX_TYPE.int64) }), integer(height * width)),
    [count, 1, 1],
  );
  /** Pixels one after another, each with all its channels. */
  const pixels = m.reshape(m.transpose(x!, [0, 2, 3, 1]), [n * height * width, channels]);
  const parts = [down.low, down.high].flatMap((row) =>
    [across.low, across.high].map((column) => {
      const line = m.add(first, m.mul(m.reshape(row.index, [count, tall, 1]), integer(width)));
      const place = m.add(line, m.reshape(column.index, [count, 1, wide]));
      const values = m.g.op('Gather', [pixels, place], { axis: int(0) });
      const share = m.mul(
        m.reshape(row.share, [count, tall, 1, 1]),
        m.reshape(column.share, [count, 1, wide, 1]),
      );
      return m.mul(values, share);
    }),
  );
  const points = parts.reduce((a, b) => m.add(a, b));
  const cells = m.reshape(points, [count, rows, samples, columns, samples, channels]);
  return m.transpose(m.mean(cells, [2, 4], false), [0, 3, 1, 2]);
});

/** @param side column of the regions (left, top, right, bottom) where they begin along this axis */
function along(
  m: Arithmetic,
  { attributes }: OnnxNode,
  regions: string,
  side: 0 | 1,
  points: number,
  size: number,
): Along {
  const scale = floatAttribute(attributes, 'spatial_scale', 1);
  const isShifted =
    stringAttribute(attributes, 'coordinate_transformation_mode', 'half_pixel') === 'half_pixel';
  const [begin, end] = [side, side + 2].map((i) => {
    const edge = m.scale(m.slice(regions, 1, i, i + 1), scale);
    return isShifted ? m.sub(edge, m.scalar(0.5)) : edge;
  }) as [string, string];
  const length = m.sub(end, begin);
  const span = isShifted ? length : m.g.op('Max', [length, m.scalar(1)]);
  const shares = Float32Array.from({ length: points }, (_, i) => (i + 0.5) / points);
  const place = m.add(begin, m.mul(span, m.g.constant(float32(shares, [1, points]))));
  // Up to one pixel outside the border counts; further out nothing is.
  const inside = m.g.op('And', [
    m.g.op('GreaterOrEqual', [place, m.scalar(-1)]),
    m.g.op('LessOrEqual', [place, m.scalar(size)]),
  ]);
  const there = m.g.op('Cast', [inside], { to: int(ONNX_TYPE.float32) });
  const held = m.g.op('Clip', [place, m.scalar(0), m.scalar(size - 1)]);
  const low = m.g.op('Floor', [held]);
  const fraction = m.sub(held, low);
  const whole = (value: string): string => m.g.op('Cast', [value], { to: int(ONNX_TYPE.int64) });
  const next = m.g.op('Min', [m.add(low, m.scalar(1)), m.scalar(size - 1)]);
  return {
    low: { index: whole(low), share: m.mul(m.sub(m.scalar(1), fraction), there) },
    high: { index: whole(next), share: m.mul(fraction, there) },
  };
}

const refuse = (node: OnnxNode, what: string): never =>
  fail('OPERATOR', { op: `RoiAlign (${what})`, node: node.name });
