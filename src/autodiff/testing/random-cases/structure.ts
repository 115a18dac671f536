/** Random movements of elements. */
import { int, int64, ints, str } from '../../../onnx/graph-builder.ts';
import type { Random } from '../../../random.ts';
import {
  broadcastable,
  type Draw,
  image,
  list,
  named,
  ofEach,
  python,
  shuffled,
  size,
  sizes,
  some,
} from './draw.ts';

/** Steps forwards and backwards; ends beyond the axis too. */
export const slice: Draw = (random, round) => {
  const shape = sizes(random, 1 + random.int(3), 7);
  const axes = some(random, shape.length);
  const cuts = axes.map((axis) => {
    const d = shape[axis]!;
    const step = random.pick([1, 1, 2, 3]);
    const start = random.int(d);
    if (round % 2 === 0) return { step, start, end: start + 1 + random.int(d - start + 1) };
    // Backwards, down to the first element where the end lies before all.
    const end = start - 1 - random.int(start + 1);
    return { step: -step, start, end: end < 0 ? -d - 1 : end };
  });
  const picked = cuts.map(({ step, start, end }, i) => {
    const indices: number[] = [];
    for (let at = start; step > 0 ? at < Math.min(end, shape[axes[i]!]!) : at > Math.max(end, -1); at += step)
      indices.push(at);
    return indices;
  });
  const of = (key: 'step' | 'start' | 'end'): number[] => cuts.map((cut) => cut[key]);
  return {
    name: `Slice [${shape}] of ${axes} from ${of('start')} to ${of('end')} by ${of('step')}`,
    shapes: [shape],
    torch: axes.reduce((x, axis, i) => `${x}.index_select(${axis}, torch.tensor([${picked[i]}]))`, 'x0'),
    build: (g, [x]) =>
      g.op('Slice', [x!, ...[of('start'), of('end'), axes, of('step')].map((v) => list(g, ...v))]),
  };
};

export const transpose: Draw = (random) => {
  const shape = sizes(random, 1 + random.int(5));
  const perm = shuffled(random, shape.length);
  return {
    name: `Transpose [${shape}] ${perm}`,
    shapes: [shape],
    torch: `x0.permute(${python(perm)})`,
    build: (g, [x]) => g.op('Transpose', [x!], { perm: ints(perm) }),
  };
};

const join = (shapes: readonly (readonly number[])[], axis: number) => ({
  name: `Concat ${named(shapes)} axis ${axis}`,
  shapes,
  torch: `torch.cat([${shapes.map((_, i) => `x${i}`)}], ${axis})`,
  build: (g: Parameters<ReturnType<Draw>['build']>[0], inputs: readonly string[]) =>
    g.op('Concat', inputs, { axis: int(axis) }),
});
export const concat: Draw = (random) => {
  const shape = sizes(random, 1 + random.int(4));
  const axis = random.int(shape.length);
  const shapes = Array.from({ length: 1 + random.int(4) }, () =>
    shape.map((d, i) => (i === axis ? 1 + random.int(4) : d)),
  );
  return join(shapes, axis);
};
/** Whole blocks of channels in even rounds. */
export const concatImages: Draw = (random, round) => {
  const [n, , height, width] = image(random);
  const channels = round % 2 === 0 ? [16, 32] : [8, 16, 20, 24];
  return join(
    Array.from({ length: 2 + random.int(2) }, () => [n, random.pick(channels), height, width]),
    1,
  );
};

const PAD_MODES = { constant: 'constant', reflect: 'reflect', edge: 'replicate', wrap: 'circular' };
export const pad = ofEach(PAD_MODES, (mode, torch) => (random, round) => {
  const shape = [2, round === 2 ? 16 : 3, 3 + random.int(4), 3 + random.int(4)];
  const pads = Array.from({ length: 4 }, () => random.int(3));
  if (mode === 'constant' && round > 0) pads[random.int(4)] = -1;
  const [top, left, bottom, right] = pads;
  return {
    name: `Pad ${mode} [${shape}] ${pads}`,
    shapes: [shape],
    torch: `F.pad(x0, (${left}, ${right}, ${top}, ${bottom}), mode='${torch}')`,
    build: (g, [x]) =>
      g.op('Pad', [x!, list(g, 0, 0, top!, left!, 0, 0, bottom!, right!)], { mode: str(mode) }),
  };
});

export const split: Draw = (random) => {
  const shape = sizes(random, 1 + random.int(3), 5);
  const axis = random.int(shape.length);
  const parts = sizes(random, 2 + random.int(2), 3);
  shape[axis] = parts.reduce((a, b) => a + b, 0);
  const from = parts[0]!;
  const places = [...shape.slice(0, axis).map(() => ':'), `${from}:${from + parts[1]!}`];
  return {
    name: `Split [${shape}] axis ${axis} into ${parts}`,
    shapes: [shape],
    torch: `x0[${places.join(', ')}]`,
    build: (g, [x]) =>
      g.node('Split', [x!, list(g, ...parts)], {
        outputs: parts.length,
        attributes: { axis: int(axis) },
      })[1]!,
  };
};
/** Channels in two halves, one the gate of the other; whole blocks in even rounds. */
export const splitImage: Draw = (random, round) => {
  const [n, , height, width] = image(random);
  const half = round % 2 === 0 ? random.pick([16, 32]) : random.pick([8, 12, 20]);
  return {
    name: `Split [${n},${2 * half},${height},${width}] axis 1 in halves`,
    shapes: [[n, 2 * half, height, width]],
    torch: `x0[:, :${half}] * x0[:, ${half}:]`,
    build: (g, [x]) =>
      g.op('Mul', g.node('Split', [x!, list(g, half, half)], { outputs: 2, attributes: { axis: int(1) } })),
  };
};

export const expand: Draw = (random) => {
  const full = sizes(random, 1 + random.int(4));
  const shape = broadcastable(random, full);
  return {
    name: `Expand [${shape}] to [${full}]`,
    shapes: [shape],
    torch: `x0.expand(${python(full)})`,
    build: (g, [x]) => g.op('Expand', [x!, list(g, ...full)]),
  };
};

/** An axis of one element put in, or taken out. */
export const squeeze = ofEach({ Unsqueeze: true, Squeeze: false }, (op, isIn) => (random) => {
  const shape = sizes(random, 1 + random.int(3));
  const at = random.int(shape.length + 1);
  const widened = [...shape.slice(0, at), 1, ...shape.slice(at)];
  return {
    name: `${op} [${isIn ? shape : widened}] at ${at}`,
    shapes: [isIn ? shape : widened],
    torch: `x0.${op.toLowerCase()}(${at})`,
    build: (g, [x]) => g.op(op, [x!, list(g, at - widened.length)]),
  };
});

/** Neighbouring axes joined, axes of one put in, and one size left for ONNX to find out. */
export const reshape: Draw = (random) => {
  const shape = sizes(random, 1 + random.int(4));
  const target: number[] = [];
  for (const d of shape) {
    if (target.length > 0 && random.int(2) === 0) target[target.length - 1]! *= d;
    else target.push(...(random.int(3) === 0 ? [1, d] : [d]));
  }
  const given = [...target];
  given[random.int(given.length)] = -1;
  return {
    name: `Reshape [${shape}] to [${given}]`,
    shapes: [shape],
    torch: `x0.reshape(${python(target)})`,
    build: (g, [x]) => g.op('Reshape', [x!, list(g, ...given)]),
  };
};

export const flatten: Draw = (random) => {
  const shape = sizes(random, 1 + random.int(4));
  const axis = random.int(shape.length + 1);
  const given = random.int(2) === 0 && axis < shape.length ? axis - shape.length : axis;
  return {
    name: `Flatten [${shape}] at ${given}`,
    shapes: [shape],
    torch: `x0.reshape(${size(shape.slice(0, axis))}, ${size(shape.slice(axis))})`,
    build: (g, [x]) => g.op('Flatten', [x!], { axis: int(given) }),
  };
};

export const tile: Draw = (random) => {
  const shape = sizes(random, 1 + random.int(4), 3);
  const repeats = sizes(random, shape.length, 3);
  return {
    name: `Tile [${shape}] by [${repeats}]`,
    shapes: [shape],
    torch: `x0.repeat(${python(repeats)})`,
    build: (g, [x]) => g.op('Tile', [x!, list(g, ...repeats)]),
  };
};

/** Sizes of the cut, the channels of the other side, the small image. */
const blocks = (random: Random) => {
  const [n, rest, height, width] = sizes(random, 4, 3) as [number, number, number, number];
  return { n, rest, height, width, by: 2 + random.int(2) };
};
const SHUFFLES = {
  DCR: (n: number, c: number, b: number, h: number, w: number) =>
    `x0.reshape(${n}, ${b}, ${b}, ${c}, ${h}, ${w}).permute(0, 3, 4, 1, 5, 2).reshape(${n}, ${c}, ${h * b}, ${w * b})`,
  CRD: (_n: number, _c: number, b: number) => `F.pixel_shuffle(x0, ${b})`,
};
export const depthToSpace = ofEach(SHUFFLES, (mode, torch) => (random) => {
  const { n, rest, height, width, by } = blocks(random);
  const shape = [n, rest * by * by, height, width];
  return {
    name: `DepthToSpace ${mode} [${shape}] by ${by}`,
    shapes: [shape],
    torch: torch(n, rest, by, height, width),
    build: (g, [x]) => g.op('DepthToSpace', [x!], { blocksize: int(by), mode: str(mode) }),
  };
});
export const spaceToDepth: Draw = (random) => {
  const { n, rest, height, width, by } = blocks(random);
  const shape = [n, rest, height * by, width * by];
  const cut = `x0.reshape(${n}, ${rest}, ${height}, ${by}, ${width}, ${by}).permute(0, 3, 5, 1, 2, 4)`;
  return {
    name: `SpaceToDepth [${shape}] by ${by}`,
    shapes: [shape],
    torch: `${cut}.reshape(${n}, ${rest * by * by}, ${height}, ${width})`,
    build: (g, [x]) => g.op('SpaceToDepth', [x!], { blocksize: int(by) }),
  };
};

export const cumSum: Draw = (random, round) => {
  const shape = sizes(random, 1 + random.int(3), 5);
  const axis = random.int(shape.length);
  const [reverse, exclusive] = [round % 2, (round >> 1) % 2];
  const sum = reverse ? `x0.flip(${axis}).cumsum(${axis}).flip(${axis})` : `x0.cumsum(${axis})`;
  return {
    name: `CumSum [${shape}] along ${axis}, reverse ${reverse}, exclusive ${exclusive}`,
    shapes: [shape],
    torch: exclusive ? `${sum} - x0` : sum,
    build: (g, [x]) =>
      g.op('CumSum', [x!, g.constant({ ...int64([axis]), shape: [] })], {
        reverse: int(reverse),
        exclusive: int(exclusive),
      }),
  };
};

export const trilu: Draw = (random, round) => {
  const shape = [...sizes(random, random.int(2), 2), ...sizes(random, 2, 5)];
  const upper = round % 2;
  const k = random.int(6) - 3;
  return {
    name: `Trilu [${shape}] upper ${upper} from ${k}`,
    shapes: [shape],
    torch: `x0.${upper ? 'triu' : 'tril'}(${k})`,
    build: (g, [x]) => g.op('Trilu', [x!, g.constant({ ...int64([k]), shape: [] })], { upper: int(upper) }),
  };
};
