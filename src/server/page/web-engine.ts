/** onnxruntime-web as an engine of measurements. */
import type * as Ort from 'onnxruntime-web';
import type { Engine, TimedSession } from '../../device/engine.ts';
import { fail } from '../../errors.ts';
import type { DataType, Tensor, TypedArray } from '../../onnx/model.ts';

/** The execution providers with the smallest build that has each. */
export const BUILDS = { wasm: '/ort/ort.wasm.min.mjs', webgpu: '/ort/ort.webgpu.min.mjs' } as const;
export type Provider = keyof typeof BUILDS;

interface Loaded {
  readonly ort: typeof Ort;
  /** Cannot be changed once the engine runs. */
  readonly threads: number;
}

const loaded = new Map<Provider, Promise<Loaded>>();

async function load(provider: Provider, threads: number): Promise<Loaded> {
  const ort: typeof Ort = await import(BUILDS[provider]);
  ort.env.wasm.wasmPaths = '/ort/';
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = 'error';
  return { ort, threads };
}

/** @param threads as many as the first call for the provider says; @returns also how many there really are */
export async function webEngine(
  provider: Provider,
  threads: number,
): Promise<{ readonly engine: Engine; readonly threads: number }> {
  const ready = loaded.get(provider) ?? load(provider, threads);
  loaded.set(provider, ready);
  const { ort, threads: actual } = await ready;
  return {
    threads: actual,
    engine: {
      clockStepMs: clockStep(),
      load: async (model) => {
        try {
          return timed(
            ort,
            await ort.InferenceSession.create(model, {
              executionProviders: [provider],
              graphOptimizationLevel: 'all',
            }),
          );
        } catch (cause) {
          return fail(
            'MODEL_LOAD',
            { reason: cause instanceof Error ? cause.message : String(cause) },
            cause,
          );
        }
      },
    },
  };
}

function timed(ort: typeof Ort, session: Ort.InferenceSession): TimedSession {
  return {
    inputs: session.inputMetadata.map((input) =>
      input.isTensor
        ? { name: input.name, type: input.type, shape: input.shape }
        : { name: input.name, type: 'not a tensor', shape: [] },
    ),
    run: async (feeds) => {
      const inputs = Object.fromEntries(
        Object.entries(feeds).map(([name, { shape, data }]) => [
          name,
          new ort.Tensor('float32', data as Float32Array, shape),
        ]),
      );
      const outputs = await session.run(inputs);
      return Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, fromOrt(tensor)]));
    },
    release: () => session.release(),
  };
}

/** Reading the data waits for a graphics processor to be done. */
const fromOrt = (tensor: Ort.Tensor): Tensor => ({
  dtype: tensor.type as DataType,
  shape: tensor.dims,
  data: tensor.data as TypedArray,
});

/** The smallest difference of two readings that are not the same, milliseconds. */
function clockStep(): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 20; i++) {
    const began = performance.now();
    let now = began;
    while (now === began) now = performance.now();
    least = Math.min(least, now - began);
  }
  return least;
}
