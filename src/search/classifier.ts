import { readImageFile } from '../data/decode-image.ts';
import { readModelFile } from '../onnx/read-file.ts';
import { createSession, fixedBatch } from '../runtime/session.ts';
import { type ModelMetadata, type Preprocessing, readMetadata } from './model-metadata.ts';

/** A class and how probable it is. */
export interface Prediction {
  /** Name of the class. */
  readonly label: string;
  /** 0..1; the probabilities of all labels sum to 1. */
  readonly probability: number;
}

/** A model file that classifies image files by what its metadata say. */
export interface Classifier {
  /** What the file says of itself. */
  readonly metadata: ModelMetadata;
  /**
   * All labels, most probable first.
   * @throws DATA_CORRUPT when the file is not a whole image
   */
  classify(imageFile: string): Promise<readonly Prediction[]>;
  /** Frees the model. */
  release(): Promise<void>;
}

/** How the model is run. */
interface ClassifierOptions {
  /** Of ONNX Runtime; 1 by default. */
  readonly threads?: number;
}

/**
 * Loads a `model.onnx` or `model.int8.onnx` that a search or `espalier quantize` wrote.
 * @throws MODEL_MISSING when there is no file; ONNX_READ when it is no model; MODEL_METADATA when it does not say how
 *   it wants its images; MODEL_LOAD when ONNX Runtime refuses it
 */
export async function loadClassifier(path: string, options: ClassifierOptions = {}): Promise<Classifier> {
  const { model, bytes } = await readModelFile(path);
  const metadata = readMetadata(model, path);
  const { labels, preprocessing } = metadata;
  const session = await createSession(bytes, options);
  const [input, output] = [session.inputNames[0]!, session.outputNames[0]!];
  // A model for a fixed number of images gets the one as often as it takes, and its first row is the answer.
  const rows = fixedBatch(session) ?? 1;
  return {
    metadata,
    async classify(imageFile) {
      const { channels, height, width } = preprocessing;
      const image = normalise(await readImageFile(imageFile, preprocessing), preprocessing);
      const data = new Float32Array(rows * image.length);
      for (let row = 0; row < rows; row++) data.set(image, row * image.length);
      const results = await session.run({
        [input]: { dtype: 'float32', shape: [rows, channels, height, width], data },
      });
      const logits = results[output]!.data as Float32Array;
      const probabilities = softmax(logits.subarray(0, labels.length));
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
