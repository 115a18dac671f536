/**
 * Sessions: the only place where Espalier meets ONNX Runtime.
 *
 * A session holds one loaded model. `run` feeds tensors by input name and returns those of the outputs; nothing is
 * copied on the way in.
 */
import * as ort from 'onnxruntime-node';
import { fail } from '../errors.ts';
import type { DataType, Tensor, TypedArray } from '../onnx/model.ts';
import { discard } from './discard.ts';
import { checkFeeds, checkNames } from './feeds.ts';
import { restOver } from './rest.ts';

/** How ONNX Runtime runs a model. Sequentially, on the CPU; without its memory pattern, which doubles the peak. */
export interface SessionOptions {
  /** Threads of one operator; 1 by default. */
  readonly threads?: number;
  /** Graph optimisations of ONNX Runtime; `all` by default. */
  readonly optimisation?: 'disabled' | 'basic' | 'extended' | 'all';
  /** Write ONNX Runtime's profile to files that begin with this; none by default. */
  readonly profilePrefix?: string;
  /** Write the graph as ONNX Runtime has optimised it to this file; none by default. */
  readonly optimisedModelPath?: string;
}

/** An input that must be fed. */
export interface SessionInput {
  /** In the model. */
  readonly name: string;
  /** As ONNX Runtime calls it, `float32` for example; other kinds of value are `not a tensor`. */
  readonly type: string;
  /** A string is a symbolic axis; it is empty where the axis has no name. */
  readonly shape: readonly (number | string)[];
}

/** One model that ONNX Runtime has loaded. */
export interface Session {
  /** In the model's order, without those that have a default. */
  readonly inputNames: readonly string[];
  /** What those inputs are. */
  readonly inputs: readonly SessionInput[];
  /** In the model's order. */
  readonly outputNames: readonly string[];
  /**
   * Runs the model once.
   * @param feeds a tensor for every input
   * @param into tensors to be filled, by output name; the others are allocated
   * @returns the outputs by name, those of `into` among them
   * @throws MODEL_INPUT when an input is missing or does not fit, or something else is fed; ONNX Runtime's own Error when an
   *   operator refuses what is in them
   */
  run(
    feeds: Readonly<Record<string, Tensor>>,
    into?: Readonly<Record<string, Tensor>>,
  ): Promise<Record<string, Tensor>>;
  /** ONNX Runtime's own inferred shape of an output; symbolic axes are strings. */
  outputShape(name: string): readonly (number | string)[];
  /** Ends profiling (the file is written). */
  endProfiling(): void;
  /** Frees the model; the session is of no use afterwards. */
  release(): Promise<void>;
}

/** How many images (rows) the first input must hold; null where it takes any number. */
export function fixedBatch({ inputs: [input] }: Pick<Session, 'inputs'>): number | null {
  const rows = input?.shape[0];
  // Some exporters write -1 or 0 for any number.
  return typeof rows === 'number' && rows > 0 ? rows : null;
}

const toOrt = (tensor: Tensor): ort.Tensor =>
  new ort.Tensor(tensor.dtype as 'float32', tensor.data as Float32Array, tensor.shape);
const fromOrt = (tensor: ort.Tensor): Tensor => ({
  dtype: tensor.type as DataType,
  shape: tensor.dims,
  data: tensor.data as TypedArray,
});

/** Loads a model from its bytes. @throws MODEL_LOAD when ONNX Runtime refuses it */
export async function createSession(model: Uint8Array, options: SessionOptions = {}): Promise<Session> {
  let session: ort.InferenceSession;
  try {
    session = await ort.InferenceSession.create(model, {
      intraOpNumThreads: options.threads ?? 1,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: options.optimisation ?? 'all',
      logSeverityLevel: 3,
      // The pattern is a second arena beside the one that the first run has filled: nearly twice the peak, no time gained.
      enableMemPattern: false,
      ...(options.optimisedModelPath !== undefined && { optimizedModelFilePath: options.optimisedModelPath }),
      ...(options.profilePrefix !== undefined && {
        enableProfiling: true,
        profileFilePrefix: options.profilePrefix,
      }),
    });
  } catch (cause) {
    return fail('MODEL_LOAD', { reason: cause instanceof Error ? cause.message : String(cause) }, cause);
  }
  const inputInfos = session.inputMetadata.map((input) =>
    input.isTensor
      ? { name: input.name, type: input.type, shape: input.shape }
      : { name: input.name, type: 'not a tensor', shape: [] },
  );
  return {
    inputNames: session.inputNames,
    inputs: inputInfos,
    outputNames: session.outputNames,
    async run(feeds, into) {
      checkFeeds(inputInfos, feeds);
      checkNames(inputInfos, feeds);
      const rest = restOver();
      if (rest !== null) await rest;
      const inputs = Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, toOrt(tensor)]));
      if (into === undefined) return mapTensors(await session.run(inputs));
      const fetches = Object.fromEntries(
        session.outputNames.map((name) => [name, into[name] ? toOrt(into[name]) : null]),
      );
      const outputs = await session.run(inputs, fetches);
      // The buffers are filled, but the binding (1.30) copies every output once more.
      for (const [name, { data }] of Object.entries(into)) {
        const { buffer } = outputs[name]!.data as Float32Array<ArrayBuffer>;
        if (buffer !== data.buffer) discard(buffer);
      }
      return { ...mapTensors(outputs), ...into };
    },
    outputShape(name) {
      const found = session.outputMetadata.find((o) => o.name === name);
      return found?.isTensor ? found.shape : [];
    },
    endProfiling: () => session.endProfiling(),
    release: () => session.release(),
  };
}

const mapTensors = (values: ort.InferenceSession.ReturnType): Record<string, Tensor> =>
  Object.fromEntries(Object.entries(values).map(([name, tensor]) => [name, fromOrt(tensor)]));
