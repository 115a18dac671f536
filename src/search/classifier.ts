import { readImageFile } from '../data/decode-image.ts';
import { readModelFile } from '../onnx/read-file.ts';
import { createSession } from '../runtime/session.ts';
import { type ModelMetadata, type Preprocessing, readMetadata } from './model-metadata.ts';

/** A class and how probable it is. */
export interface Prediction {
  readonly label: string;
  /** 0..1; the probabilities of all labels sum to 1. */
  readonly probability: number;
}

/** A model file that classifies image files by what its metadata say. */
export interface Classifier {
  readonly metadata: ModelMetadata;
  /** All labels, most probable first. @throws DATA_CORRUPT when the file is not a whole image */
  classify(imageFile: string): Promise<readonly Prediction[]>;
  release(): Promise<void>;
}

/**
 * Loads a `model.onnx` that a search wrote.
 * @throws MODEL_MISSING, ONNX_READ, MODEL_METADATA, MODEL_LOAD
 */
export async function loadClassifier(
  path: string,
  options: { readonly threads?: number } = {},
): Promise<Classifier> {
  const { model, bytes } = await readModelFile(path);
  const metadata = readMetadata(model, path);
  const { labels, preprocessing } = metadata;
  const session = await createSession(bytes, options);
  const [input, output] = [session.inputNames[0]!, session.outputNames[0]!];
  return {
    metadata,
    async classify(imageFile) {
      const { channels, height, width } = preprocessing;
      const data = normalise(await readImageFile(imageFile, preprocessing), preprocessing);
      const results = await session.run({
        [input]: { dtype: 'float32', shape: [1, channels, height, width], data },
      });
      const probabilities = softmax(results[output]!.data as Float32Array);
      return labels
        .map((label, i) => ({ label, probability: probabilities[i]! }))
        .sort((a, b) => b.probability - a.probability);
    },
    release: () => session.release(),
  };
}

/** Planar bytes as the model's input. */
function normalise(pixels: Uint8Array, { channels, mean, std, scale }: Preprocessing): Float32Array {
  const plane = pixels.length / channels;
  return Float32Array.from(pixels, (value, i) => {
    const channel = Math.floor(i / plane);
    return (value * scale - mean[channel]!) / std[channel]!;
  });
}

function softmax(logits: Float32Array): number[] {
  const largest = logits.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const powers = Array.from(logits, (value) => Math.exp(value - largest));
  const total = powers.reduce((a, b) => a + b, 0);
  return powers.map((value) => value / total);
}
