/** This process as a device. */
import { createHash } from 'node:crypto';
import { describeEngine } from '../../runtime/engine.ts';
import { VERSION } from '../../version.ts';
import { exampleFeeds } from '../example-feeds.ts';
import { localEngine } from '../local-engine.ts';
import { describeMachine } from '../machine.ts';
import { measureWithOutputs } from '../measure-model.ts';
import { answerOf, outputsOf } from './answer.ts';
import { DEVICE_PROTOCOL } from './contract.ts';
import type { DeviceDescription, DeviceMeasurement, MeasureParameters } from './wire.ts';

export function describeHere(maxModelBytes: number): DeviceDescription {
  const { processor, cores, usableCores, platform } = describeMachine();
  return {
    protocol: DEVICE_PROTOCOL,
    version: VERSION,
    device: `${processor}, ${usableCores} of ${cores} cores, ${platform}`,
    runtime: `onnxruntime-node ${describeEngine().version}`,
    providers: ['cpu'],
    threads: usableCores,
    maxModelBytes,
    memory: true,
  };
}

/** @throws MODEL_LOAD, MODEL_INPUT */
export async function measureHere(
  model: Uint8Array,
  { threads, maxSeconds, maxMs, memory, shapes, outputs: wanted }: MeasureParameters,
): Promise<DeviceMeasurement> {
  const { measurement, outputs } = await measureWithOutputs(model, {
    threads,
    maxSeconds,
    ...(maxMs !== undefined && { maxMs }),
    shapes: new Map(Object.entries(shapes)),
  });
  return answerOf({
    // The limit is the server's, and no part of the answer.
    description: describeHere(1),
    modelDigest: createHash('sha256').update(model).digest('hex'),
    modelBytes: model.byteLength,
    measured: measurement,
    provider: measurement.provider,
    threads,
    memory: memory ? measurement.memory : null,
    doubts: measurement.doubts,
    outputs: wanted ? outputs : null,
  });
}

/** What a model gives here for the input that devices feed it with. @throws MODEL_LOAD, MODEL_INPUT */
export async function outputsHere(
  model: Uint8Array,
  shapes: MeasureParameters['shapes'],
): Promise<ReturnType<typeof outputsOf>> {
  const session = await localEngine(1).load(model);
  try {
    return outputsOf(await session.run(exampleFeeds(session.inputs, new Map(Object.entries(shapes))).feeds));
  } finally {
    await session.release();
  }
}
