/** One image of noise, as the model takes it: latency does not depend on what is in it. */
import { exampleFeeds } from '../../device/example-feeds.ts';
import { fail } from '../../errors.ts';
import type { Tensor } from '../../onnx/model.ts';
import { createRandom } from '../../random.ts';
import { fixedBatch, type Session } from '../../runtime/session.ts';
import type { ModelMetadata } from '../model-metadata.ts';

export function exampleOf(
  { preprocessing: { channels, height, width } }: Pick<ModelMetadata, 'preprocessing'>,
  batch = 1,
): Tensor {
  const random = createRandom('latency');
  const data = Float32Array.from({ length: batch * channels * height * width }, random.normal);
  return { dtype: 'float32', shape: [batch, channels, height, width], data };
}

export interface Example {
  readonly feeds: Readonly<Record<string, Tensor>>;
  /** Images in it: 1, unless the model takes a fixed number. */
  readonly batch: number;
}

/** @throws MODEL_INPUT for a file without metadata whose inputs have no fixed size */
export function exampleFor({ inputs }: Pick<Session, 'inputs'>, metadata: ModelMetadata | null): Example {
  const [input] = inputs;
  const batch = fixedBatch({ inputs }) ?? 1;
  if (metadata !== null && input !== undefined)
    return { feeds: { [input.name]: exampleOf(metadata, batch) }, batch };
  const { feeds, assumed } = exampleFeeds(inputs);
  if (assumed.length > 0)
    fail('MODEL_INPUT', {
      reason: `it does not say the size of ${assumed.join(', ')}`,
      hint: 'Measure it with `espalier device measure model.onnx --shape input=1x3x224x224`.',
    });
  return { feeds, batch };
}
