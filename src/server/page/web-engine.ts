/** onnxruntime-web as an engine of measurements. */
import type * as Ort from 'onnxruntime-web';
import type { Engine, TimedSession } from '../../device/engine.ts';
import { fail } from '../../errors.ts';
import type { DataType, Tensor, TypedArray } from '../../onnx/model.ts';

/** The execution providers with the smallest build that has each. */
export const BUILDS = { wasm: '/ort/ort.wasm.min.mjs', webgpu: '/ort/ort.webgpu.min.mjs' } as const;
export type Provider = keyof typeof BUILDS;

interface Loaded {
  readonly ort: Promise<typeof Ort>;
  readonly threads: number;
}

const loaded = new Map<Provider, Loaded>();

/** Threads that the engine of a provider runs with, which nothing but loading the page anew changes; null before. */
export const threadsOf = (provider: Provider): number | null => loaded.get(provider)?.threads ?? null;

async function load(provider: Provider, threads: number): Promise<typeof Ort> {
  const ort: typeof Ort = await import(BUILDS[provider]);
  ort.env.wasm.wasmPaths = '/ort/';
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = 'error';
  return ort;
}

/** @param threads of the engine, if this is its first use */
export async function webEngine(provider: Provider, threads: number): Promise<Engine> {
  const ready = loaded.get(provider) ?? { ort: load(provider, threads), threads };
  loaded.set(provider, ready);
  const ort = await ready.ort;
  return {
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
        return fail('MODEL_LOAD', { reason: cause instanceof Error ? cause.message : String(cause) }, cause);
      }
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
