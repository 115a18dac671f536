/** Random norms. */
import { float, float32, int } from '../../../onnx/graph-builder.ts';
import { type Draw, python } from './draw.ts';

export const norm: Draw = (random) => {
  const groups = 1 + random.int(3);
  const channels = groups * (1 + random.int(3));
  const shape = [1 + random.int(3), channels, 2 + random.int(3), 2 + random.int(3)];
  const epsilon = { epsilon: float(1e-3) };
  const drawn = random.pick([
    {
      op: 'GroupNormalization',
      scale: [channels],
      torch: `F.group_norm(x0, ${groups}, x1, x2, 1e-3)`,
      attributes: { ...epsilon, num_groups: int(groups) },
    },
    {
      op: 'LayerNormalization',
      scale: shape.slice(2),
      torch: `F.layer_norm(x0, ${python(shape.slice(2))}, x1, x2, 1e-3)`,
      attributes: { ...epsilon, axis: int(-2) },
    },
    {
      op: 'InstanceNormalization',
      scale: [channels],
      torch: 'F.instance_norm(x0, weight=x1, bias=x2, eps=1e-3)',
      attributes: epsilon,
    },
  ]);
  return {
    name: `${drawn.op} [${shape}]`,
    shapes: [shape, drawn.scale, drawn.scale],
    torch: drawn.torch,
    build: (g, inputs) => g.op(drawn.op, inputs, drawn.attributes),
  };
};

export const batchNorm: Draw = (random) => {
  const channels = random.pick([1, 3, 8, 16, 20]);
  const shape = [2 + random.int(3), channels, 2 + random.int(4), 2 + random.int(4)];
  return {
    name: `BatchNormalization [${shape}]`,
    shapes: [shape, [channels], [channels]],
    torch: 'F.batch_norm(x0, None, None, x1, x2, training=True, eps=1e-3)',
    build: (g, inputs) => {
      const running = [0, 1].map((v) => g.constant(float32(new Float32Array(channels).fill(v))));
      return g.op('BatchNormalization', [...inputs, ...running], { epsilon: float(1e-3) });
    },
  };
};
