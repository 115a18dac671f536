/** One operator on given inputs: its value and the gradients that the rules give, run on ONNX Runtime. */
import { encodeModel } from '../../onnx/encode.ts';
import { createGraphBuilder, float32, type GraphBuilder, ints } from '../../onnx/graph-builder.ts';
import type { Random } from '../../random.ts';
import { createSession } from '../../runtime/session.ts';
import { arithmetic } from '../arithmetic.ts';
import { gradients } from '../backward.ts';
import { emitForward, type ForwardContext } from '../forward.ts';
import { lower } from '../lowering/index.ts';
import type { LoweringTarget } from '../lowering/target.ts';

export interface OperatorCase {
  readonly name: string;
  /** Shapes of the differentiable inputs x0, x1, … */
  readonly shapes: readonly (readonly number[])[];
  /** Emits the operator; returns its output. */
  readonly build: (g: GraphBuilder, inputs: readonly string[]) => string;
  /** The same in PyTorch, of x0, x1, … */
  readonly torch: string;
  /** Draws an element; standard normal by default. Keeps logarithms and roots in their domain. */
  readonly draw?: (random: Random) => number;
  /** The gradient is not the slope but passes straight through a rounding: finite differences say nothing of it. */
  readonly straightThrough?: boolean;
}

export interface CaseValues {
  readonly inputs: readonly Float32Array[];
  readonly cotangent: Float32Array;
  readonly output: Float32Array;
  readonly outputShape: readonly number[];
  /** Σ output · cotangent */
  readonly loss: number;
  readonly gradients: readonly Float32Array[];
}

const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** How the names of the convolutions before an operator, and of their gradients, begin. */
export const PREFIX = 'before/';

/**
 * Gives an input its name through a 1×1 convolution that changes nothing. Blocked kernels of other operators take a
 * value only where a blocked form of it is there already, as after a convolution; so this puts them to the test.
 */
export function throughConvolution(g: GraphBuilder, input: string, channels: number, output: string): void {
  const identity = new Float32Array(channels * channels);
  for (let c = 0; c < channels; c++) identity[c * channels + c] = 1;
  const weights = g.constant(float32(identity, [channels, channels, 1, 1]));
  const name = `${PREFIX}${output}`;
  g.node('Conv', [input, weights], { outputs: [output], name, attributes: { kernel_shape: ints([1, 1]) } });
}

/** A case as a graph of its output and gradients, lowered; its inputs are `x0/fed`, `x1/fed`, … */
export function caseGraph(test: OperatorCase, random: Random, target: LoweringTarget) {
  const forward = createGraphBuilder({ name: 'forward' });
  const names = test.shapes.map((shape, i) => forward.input(`x${i}`, 'float32', shape));
  forward.output(test.build(forward, names));
  const model = forward.build();

  const outputName = model.graph.outputs[0]!.name;
  const g = createGraphBuilder({
    name: 'case',
    reserved: new Set([
      ...names,
      ...model.graph.initializers.keys(),
      ...model.graph.nodes.flatMap((n) => n.outputs),
    ]),
  });
  const m = arithmetic(g);
  const fed = test.shapes.map((shape, i) => {
    const input = g.input(`x${i}/fed`, 'float32', shape);
    if (target.kind === 'blocked' && shape.length === 4) throughConvolution(g, input, shape[1]!, `x${i}`);
    else g.node('Identity', [input], { outputs: [`x${i}`] });
    return input;
  });
  for (const [name, tensor] of model.graph.initializers) g.initializer(name, tensor);
  const context: ForwardContext = { m, statistics: [], noise: [] };
  for (const node of model.graph.nodes) emitForward(context, node);
  const shape = g.shape(outputName) as readonly number[];
  const cotangent = Float32Array.from({ length: size(shape) }, () => random.normal());
  const product = m.mul(outputName, g.constant(float32(cotangent, shape)));
  const loss = m.sum(
    product,
    shape.map((_, i) => i),
    false,
  );
  const found = gradients(m, g.nodes(), loss, fed);
  const outputs = [outputName, ...fed.map((name) => found.get(name)!)].map(
    (value, i) => g.node('Identity', [value], { outputs: [`out${i}`] })[0]!,
  );
  for (const value of outputs) g.output(value);
  const lowered = lower(g.build(), g.shape, target);
  return { operators: model.graph.nodes.map((n) => n.op), lowered, outputs, shape, cotangent };
}

/** A compiled case; `run` evaluates it at the given inputs, or at drawn ones. */
export async function compileCase(test: OperatorCase, random: Random, target: LoweringTarget) {
  const { lowered, outputs, shape, cotangent } = caseGraph(test, random, target);
  const session = await createSession(encodeModel(lowered));

  const draw = test.draw ?? ((r: Random) => r.normal());
  const drawn = test.shapes.map((s) => Float32Array.from({ length: size(s) }, () => draw(random)));
  return {
    inputs: drawn,
    release: () => session.release(),
    async run(inputs: readonly Float32Array[] = drawn): Promise<CaseValues> {
      const feeds = Object.fromEntries(
        inputs.map((data, i) => [`x${i}/fed`, { dtype: 'float32' as const, shape: test.shapes[i]!, data }]),
      );
      const result = await session.run(feeds);
      const values = outputs.map((name) => Float32Array.from(result[name]!.data as Float32Array));
      const output = values[0]!;
      return {
        inputs,
        cotangent,
        output,
        outputShape: shape,
        loss: output.reduce((sum, v, i) => sum + v * cotangent[i]!, 0),
        gradients: values.slice(1),
      };
    },
  };
}
