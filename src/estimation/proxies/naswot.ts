import { type Arithmetic, staticShape } from '../../autodiff/arithmetic.ts';
import type { Loss } from '../../autodiff/losses/loss.ts';
import { asFloat } from '../../autodiff/losses/reduction.ts';
import type { ActivationName, Network } from '../../network/network.ts';
import { float32 } from '../../onnx/graph-builder.ts';
import type { ProxyEstimator } from './proxy.ts';
import { runOnce, startingWeights } from './run-graph.ts';

/** Those that let one side of zero through: their sign is the code. */
const RECTIFIERS: ReadonlySet<ActivationName> = new Set([
  'relu',
  'relu6',
  'leakyRelu',
  'hardSwish',
  'silu',
  'gelu',
]);
const OVERLAP = 'overlap';

/**
 * log |det K|, where K counts for each two images the units that both or neither of them switch on: large when the
 * untrained network tells all images of the batch apart (Mellor et al. 2021). NaN without rectifiers, and where two
 * images have one code.
 */
export const naswot: ProxyEstimator = {
  name: 'naswot',
  description: 'How well the signs of an untrained network’s units tell images apart (Mellor et al. 2021).',
  score: async (network, { images, threads }) => {
    const watched = withSignals(network);
    if (watched === null) return Number.NaN;
    const weights = startingWeights(network);
    const batch = images.shape[0]!;
    // Nothing is differentiated, but a training graph has parameters: the smallest tensor.
    const [parameter] = [...weights]
      .filter(([, { shape }]) => shape.length > 1)
      .sort(([, a], [, b]) => a.data.length - b.data.length)[0]!;
    const { outputs } = await runOnce({
      network: watched,
      weights,
      loss: overlapOf(batch),
      feeds: { [network.inputs[0]!.id]: images },
      batch,
      threads,
      trainable: (name) => name === parameter,
    });
    return logDeterminant(outputs[OVERLAP]!.data as Float32Array, batch);
  },
};

/** With what goes into each rectifier as a further output; null when there is none. */
function withSignals(network: Network): Network | null {
  const signals = network.nodes.flatMap(({ operator, inputs }) =>
    operator.kind === 'activation' && RECTIFIERS.has(operator.name) ? inputs : [],
  );
  return signals.length === 0 ? null : { ...network, outputs: [...network.outputs, ...new Set(signals)] };
}

/** Not a loss: it adds the matrix to the graph's outputs. */
const overlapOf = (batch: number): Loss => ({
  name: OVERLAP,
  build(m, [, ...signals]) {
    const parts = signals.map((signal) => agreement(m, signal, batch));
    const sum = parts.reduce((a, b) => m.add(a, b));
    m.g.node('Identity', [sum], { outputs: [OVERLAP] });
    m.g.output(OVERLAP);
    return m.g.constant(float32(0));
  },
});

/** Of signs s = ±1 of n units, s·sᵀ counts those that agree less those that do not: (n + s·sᵀ)/2 agree. */
function agreement(m: Arithmetic, signal: string, batch: number): string {
  const units = staticShape(m.g.shape(signal)).reduce((a, b) => a * b, 1) / batch;
  const on = asFloat(m, m.g.op('Greater', [m.reshape(signal, [batch, units]), m.scalar(0)]));
  const signs = m.sub(m.scale(on, 2), m.scalar(1));
  return m.scale(m.add(m.matmul(signs, m.transpose(signs, [1, 0])), m.scalar(units)), 0.5);
}

/** Of a symmetric positive definite matrix, by Cholesky's decomposition; NaN when it is singular. */
export function logDeterminant(matrix: Float32Array, size: number): number {
  const factor = new Float64Array(size * size);
  let sum = 0;
  for (let i = 0; i < size; i++)
    for (let j = 0; j <= i; j++) {
      let value = matrix[i * size + j]!;
      for (let k = 0; k < j; k++) value -= factor[i * size + k]! * factor[j * size + k]!;
      if (i > j) factor[i * size + j] = value / factor[j * size + j]!;
      else {
        if (!(value > 1e-9 * matrix[i * size + i]!)) return Number.NaN;
        factor[i * size + i] = Math.sqrt(value);
        sum += Math.log(value);
      }
    }
  return sum;
}
