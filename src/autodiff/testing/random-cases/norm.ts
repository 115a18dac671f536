/** Random norms. */
import { float, float32, int } from '../../../onnx/graph-builder.ts';
import type { Attributes } from '../../../onnx/model.ts';
import { anyOrImage, type Draw, image, named, python, sizes } from './draw.ts';

const epsilon = { epsilon: float(1e-3) };
const norm = (op: string, shapes: readonly (readonly number[])[], torch: string, attributes: Attributes) => ({
  name: `${op} ${named(shapes)}`,
  shapes,
  torch,
  build: (g: Parameters<ReturnType<Draw>['build']>[0], inputs: readonly string[]) =>
    g.op(op, inputs, attributes),
});

export const groupNorm: Draw = (random, round) => {
  const [n, , height, width] = image(random);
  const groups = 1 + random.int(3);
  const channels = round % 2 === 0 ? groups * (1 + random.int(3)) : groups * 8;
  return norm(
    'GroupNormalization',
    [[n, channels, height, width], [channels], [channels]],
    `F.group_norm(x0, ${groups}, x1, x2, 1e-3)`,
    { ...epsilon, num_groups: int(groups) },
  );
};

export const instanceNorm: Draw = (random, round) => {
  const shape = round % 2 === 0 ? [...sizes(random, 2), 2 + random.int(4), 3] : image(random, 'whole');
  return norm(
    'InstanceNormalization',
    [shape, [shape[1]!], [shape[1]!]],
    'F.instance_norm(x0, weight=x1, bias=x2, eps=1e-3)',
    epsilon,
  );
};

/** Over the last axes, at least two elements. */
export const layerNorm: Draw = (random, round) => {
  const shape = anyOrImage(random, round, 1 + random.int(4));
  shape[shape.length - 1]! += 1;
  const axis = random.int(shape.length);
  const scale = shape.slice(axis);
  return norm(
    'LayerNormalization',
    [shape, scale, scale],
    `F.layer_norm(x0, ${python(scale)}, x1, x2, 1e-3)`,
    {
      ...epsilon,
      axis: int(axis - shape.length),
    },
  );
};

export const rmsNorm: Draw = (random, round) => {
  const shape = anyOrImage(random, round, 1 + random.int(4));
  const axis = random.int(shape.length);
  const axes = shape.map((_, i) => i).slice(axis);
  return norm(
    'RMSNormalization',
    [shape, shape.slice(axis)],
    `x0 * (x0.square().mean(${python(axes)}, keepdim=True) + 1e-3).rsqrt() * x1`,
    { ...epsilon, axis: int(axis) },
  );
};

export const lpNorm: readonly Draw[] = [1, 2].map((p) => (random, round) => {
  const shape = anyOrImage(random, round, 1 + random.int(4));
  const axis = random.int(shape.length);
  // Of a single element the norm leaves but its sign: the gradient is nothing but rounding.
  shape[axis]! += 1;
  return {
    ...norm('LpNormalization', [shape], `F.normalize(x0, p=${p}, dim=${axis})`, {
      axis: int(axis),
      p: int(p),
    }),
    name: `LpNormalization [${shape}] along ${axis}, p = ${p}`,
  };
});

/** Odd sizes: of even ones PyTorch has the longer half before, ONNX behind. */
export const localResponseNorm: Draw = (random) => {
  const shape = image(random);
  const size = random.pick([1, 3, 5, 7]);
  const [alpha, beta, bias] = [0.1 + random.int(3), 0.5 + random.int(2) / 4, 1 + random.int(2)];
  return {
    ...norm('LRN', [shape], `F.local_response_norm(x0, ${size}, ${alpha}, ${beta}, ${bias})`, {
      size: int(size),
      alpha: float(alpha),
      beta: float(beta),
      bias: float(bias),
    }),
    name: `LRN [${shape}] over ${size}, α ${alpha}, β ${beta}, bias ${bias}`,
  };
};

export const batchNorm: Draw = (random, round) => {
  const channels = [1, 3, 8, 16, 20, 24][round % 6]!;
  const shape = [2 + random.int(3), channels, 2 + random.int(4), 2 + random.int(4)];
  return {
    name: `BatchNormalization [${shape}]`,
    shapes: [shape, [channels], [channels]],
    torch: 'F.batch_norm(x0, None, None, x1, x2, training=True, eps=1e-3)',
    build: (g, inputs) => {
      const running = [0, 1].map((v) => g.constant(float32(new Float32Array(channels).fill(v))));
      return g.op('BatchNormalization', [...inputs, ...running], epsilon);
    },
  };
};
