/** Small float models and inputs for this room's tests. */

import { trainedWeights } from '../../../test/fixtures/run-model.ts';
import { type NetworkBuilder, networkBuilder } from '../../network/builder.ts';
import { deploymentModel } from '../../network/deploy.ts';
import type { Network } from '../../network/network.ts';
import { encodeModel } from '../../onnx/encode.ts';
import type { OnnxModel, Tensor } from '../../onnx/model.ts';
import { createRandom } from '../../random.ts';
import { createSession, type SessionOptions } from '../../runtime/session.ts';
import type { Feeds } from '../calibration/observe.ts';

/** The deployed form of what `body` builds on a 3×8×8 image. */
export function smallModel(
  body: (b: NetworkBuilder) => string,
  shape: readonly number[] = [3, 8, 8],
): OnnxModel {
  const b = networkBuilder(shape);
  return modelOf(b.build([body(b)]));
}

export const modelOf = (network: Network): OnnxModel =>
  deploymentModel(network, trainedWeights(network, 'quantisation'), 'batch');

export function feedsFor(model: OnnxModel, seed: string, batch = 8): Feeds {
  const [input] = model.graph.inputs;
  const shape = [batch, ...(input!.shape.slice(1) as number[])];
  const random = createRandom(seed);
  const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, random.normal);
  return { [input!.name]: { dtype: 'float32', shape, data } };
}

/** The first output. */
export async function outputOf(
  model: OnnxModel,
  feeds: Feeds,
  options: SessionOptions = {},
): Promise<Tensor> {
  const session = await createSession(encodeModel(model), options);
  try {
    return (await session.run(feeds))[session.outputNames[0]!]!;
  } finally {
    await session.release();
  }
}

/** Signal-to-noise ratio in decibels. */
export function decibels(expected: Tensor, actual: Tensor): number {
  let signal = 0;
  let noise = 0;
  for (let i = 0; i < expected.data.length; i++) {
    signal += Number(expected.data[i]) ** 2;
    noise += (Number(actual.data[i]) - Number(expected.data[i])) ** 2;
  }
  return 10 * Math.log10(signal / noise);
}
