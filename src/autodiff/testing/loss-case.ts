/** A loss on given outputs and labels: its value and the gradients of the outputs, run on ONNX Runtime. */
import { encodeModel } from '../../onnx/encode.ts';
import { createGraphBuilder } from '../../onnx/graph-builder.ts';
import type { Tensor } from '../../onnx/model.ts';
import type { Random } from '../../random.ts';
import { createSession } from '../../runtime/session.ts';
import { arithmetic } from '../arithmetic.ts';
import { gradients } from '../backward.ts';
import type { Loss } from '../losses/loss.ts';
import { lower } from '../lowering/index.ts';
import { type LoweringTarget, PLAIN } from '../lowering/target.ts';
import { throughConvolution } from './operator-case.ts';
import type { TorchRequest } from './torch.ts';

export interface LossCase {
  readonly name: string;
  readonly loss: Loss;
  /** The model's outputs x0, x1, … */
  readonly outputs: readonly ((random: Random) => Tensor)[];
  /** The loss's graph inputs; in the PyTorch expression they follow the outputs: with one output, x1, x2, … */
  readonly inputs: Readonly<Record<string, (random: Random) => Tensor>>;
  readonly torch: string;
}

export interface LossValues {
  readonly loss: number;
  readonly gradients: readonly Float32Array[];
}

/**
 * A compiled loss with drawn tensors; `run` evaluates it at other outputs. In the blocked form images come from a
 * convolution, as a network's do.
 */
export async function compileLoss(test: LossCase, random: Random, target: LoweringTarget = PLAIN) {
  const outputs = test.outputs.map((draw) => draw(random));
  const inputs = Object.fromEntries(Object.entries(test.inputs).map(([name, draw]) => [name, draw(random)]));
  const g = createGraphBuilder({ name: 'loss' });
  const m = arithmetic(g);
  const names = outputs.map((tensor, i) => g.input(`x${i}`, 'float32', tensor.shape));
  const read = names.map((name, i) => {
    const { shape } = outputs[i]!;
    if (target.kind === 'plain' || shape.length !== 4) return name;
    throughConvolution(g, name, shape[1]!, `${name}/image`);
    return `${name}/image`;
  });
  const stopped = new Set<string>();
  const loss = test.loss.build(m, read, (value) => {
    const copy = g.op('Identity', [value]);
    stopped.add(copy);
    return copy;
  });
  const found = gradients(m, g.nodes(), loss, names, { stopped });
  const values = [loss, ...names.map((name) => found.get(name)!)].map(
    (value, i) => g.node('Identity', [value], { outputs: [`out${i}`] })[0]!,
  );
  for (const value of values) g.output(value);
  const session = await createSession(encodeModel(lower(g.build(), g.shape, target)));
  /** For PyTorch: the loss at the drawn tensors. */
  const question: TorchRequest = {
    expression: test.torch,
    inputs: [...outputs, ...Object.values(inputs)].map(({ shape, data }) => ({
      shape,
      data: Array.from(data as ArrayLike<number | bigint>, Number),
    })),
    cotangent: [1],
  };
  return {
    outputs,
    inputs,
    question,
    release: () => session.release(),
    async run(at: readonly Float32Array[] = outputs.map((t) => t.data as Float32Array)): Promise<LossValues> {
      const feeds = Object.fromEntries(
        at.map((data, i) => [`x${i}`, { dtype: 'float32' as const, shape: outputs[i]!.shape, data }]),
      );
      const result = await session.run({ ...feeds, ...inputs });
      const [value, ...rest] = values.map((name) => Float32Array.from(result[name]!.data as Float32Array));
      return { loss: value![0]!, gradients: rest };
    },
  };
}
