/** Random movements of elements. */
import { int, int64, ints, str } from '../../../onnx/graph-builder.ts';
import { broadcastable, type Draw, list, python, shuffled, sizes, some } from './draw.ts';

export const slice: Draw = (random) => {
  const shape = sizes(random, 1 + random.int(3), 7);
  const axes = some(random, shape.length);
  const steps = axes.map(() => random.pick([1, 1, 2, 3]));
  const starts = axes.map((a) => random.int(shape[a]!));
  const ends = axes.map((a, i) => starts[i]! + 1 + random.int(shape[a]! - starts[i]!));
  const places = shape.map((_, a) => {
    const i = axes.indexOf(a);
    return i < 0 ? ':' : `${starts[i]}:${ends[i]}:${steps[i]}`;
  });
  return {
    name: `Slice [${shape}] ${places}`,
    shapes: [shape],
    torch: `x0[${places.join(', ')}]`,
    build: (g, [x]) =>
      g.op('Slice', [x!, list(g, ...starts), list(g, ...ends), list(g, ...axes), list(g, ...steps)]),
  };
};

export const gather: Draw = (random) => {
  const shape = sizes(random, 1 + random.int(3), 5);
  const axis = random.int(shape.length);
  const indexShape = sizes(random, random.int(3), 3);
  const count = indexShape.reduce((a, b) => a * b, 1);
  const n = shape[axis]!;
  const indices = Array.from({ length: count }, () => random.int(2 * n) - n);
  const before = shape.slice(0, axis).map(() => ':, ');
  return {
    name: `Gather [${shape}] axis ${axis} indices [${indexShape}] ${indices}`,
    shapes: [shape],
    torch: `x0[${before.join('')}torch.tensor([${indices}]).reshape(${python(indexShape)})]`,
    build: (g, [x]) => {
      const tensor = { ...int64(indices), shape: indexShape };
      return g.op('Gather', [x!, g.constant(tensor)], { axis: int(axis) });
    },
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

export const concat: Draw = (random) => {
  const shape = sizes(random, 1 + random.int(4));
  const axis = random.int(shape.length);
  const shapes = Array.from({ length: 1 + random.int(4) }, () =>
    shape.map((d, i) => (i === axis ? 1 + random.int(4) : d)),
  );
  return {
    name: `Concat ${shapes.map((s) => `[${s}]`).join(' ')} axis ${axis}`,
    shapes,
    torch: `torch.cat([${shapes.map((_, i) => `x${i}`)}], ${axis})`,
    build: (g, inputs) => g.op('Concat', inputs, { axis: int(axis) }),
  };
};

const PAD_MODES = { constant: 'constant', reflect: 'reflect', edge: 'replicate', wrap: 'circular' } as const;
export const pad: Draw = (random) => {
  const mode = random.pick(Object.keys(PAD_MODES) as (keyof typeof PAD_MODES)[]);
  const shape = [2, 3, 3 + random.int(4), 3 + random.int(4)];
  const pads = Array.from({ length: 4 }, () => random.int(3));
  if (mode === 'constant') pads[random.int(4)] = -1;
  const [top, left, bottom, right] = pads;
  return {
    name: `Pad ${mode} [${shape}] ${pads}`,
    shapes: [shape],
    torch: `F.pad(x0, (${left}, ${right}, ${top}, ${bottom}), mode='${PAD_MODES[mode]}')`,
    build: (g, [x]) =>
      g.op('Pad', [x!, list(g, 0, 0, top!, left!, 0, 0, bottom!, right!)], { mode: str(mode) }),
  };
};

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

/** Axes of one element put in, and others taken out again. */
export const squeeze: Draw = (random) => {
  const shape = sizes(random, 1 + random.int(3));
  const at = random.int(shape.length + 1);
  const widened = [...shape.slice(0, at), 1, ...shape.slice(at)];
  const isIn = random.int(2) === 0;
  return {
    name: `${isIn ? 'Unsqueeze' : 'Squeeze'} [${isIn ? shape : widened}] at ${at}`,
    shapes: [isIn ? shape : widened],
    torch: `x0.${isIn ? 'unsqueeze' : 'squeeze'}(${at})`,
    build: (g, [x]) => g.op(isIn ? 'Unsqueeze' : 'Squeeze', [x!, list(g, at - widened.length)]),
  };
};

/** Picking by index, and its opposite. */
export const elements: Draw = (random) => {
  const shape = sizes(random, 2, 5);
  const axis = random.int(2);
  const picked = [1 + random.int(shape[0]!), 1 + random.int(shape[1]!)];
  const indices = Array.from({ length: picked[0]! * picked[1]! }, () => random.int(shape[axis]!));
  const tensor = `torch.tensor([${indices}]).reshape(${python(picked)})`;
  const isScatter = random.int(2) === 0;
  return {
    name: `${isScatter ? 'ScatterElements' : 'GatherElements'} [${shape}] axis ${axis} at [${picked}] ${indices}`,
    shapes: isScatter ? [shape, picked] : [shape],
    torch: isScatter ? `x0.scatter_add(${axis}, ${tensor}, x1)` : `x0.gather(${axis}, ${tensor})`,
    build: (g, [x, updates]) => {
      const places = g.constant({ ...int64(indices), shape: picked });
      const attributes = { axis: int(axis) };
      return isScatter
        ? g.op('ScatterElements', [x!, places, updates!], { ...attributes, reduction: str('add') })
        : g.op('GatherElements', [x!, places], attributes);
    },
  };
};
