/** One image of noise, as the model takes it: latency does not depend on what is in it. */
import type { Tensor } from '../../onnx/model.ts';
import { createRandom } from '../../random.ts';
import type { ModelMetadata } from '../model-metadata.ts';

export function exampleOf({
  preprocessing: { channels, height, width },
}: Pick<ModelMetadata, 'preprocessing'>): Tensor {
  const random = createRandom('latency');
  const data = Float32Array.from({ length: channels * height * width }, random.normal);
  return { dtype: 'float32', shape: [1, channels, height, width], data };
}
