/**
 * What a search knows of a candidate before anything runs, beside its cost: the size of its file, and its latency on devices
 * that are there as calibrations. A candidate over such a bound is not proposed.
 */
import { isCalibrationPath } from '../device/predict/calibrated-device.ts';
import { calibrationAt, type LatencyCalibration } from '../device/predict/calibration-file.ts';
import { floatKernels, type Kernel } from '../device/predict/kernels.ts';
import { predictKernels } from '../device/predict/predict-model.ts';
import { onDevice } from '../device/remote/measure-name.ts';
import { EspalierError } from '../errors.ts';
import { blankWeights } from '../network/blank-weights.ts';
import { deploymentModel } from '../network/deploy.ts';
import { deployedGraph } from '../network/deployed-graph.ts';
import type { Network } from '../network/network.ts';
import { encodedBytes } from '../onnx/encoded-bytes.ts';
import type { OnnxModel } from '../onnx/model.ts';
import { int8Kernels } from '../quantisation/int8-kernels.ts';
import { int8Structure } from '../quantisation/int8-structure.ts';
import type { Foreseen } from '../study/foreseen.ts';
import type { SearchOptions } from './options.ts';

/** An export carries labels, genome, accuracy, latency: a bound that holds without them might not hold in the end. */
const METADATA_BYTES = 8 * 2 ** 10;

/** @throws USAGE when a calibration cannot be read */
export async function foreseenOf(options: SearchOptions): Promise<Foreseen> {
  const { devices, int8, maxSizeBytes } = options;
  const calibrated = await Promise.all(
    Object.entries(devices)
      .filter(([, address]) => isCalibrationPath(address))
      .map(async ([name, path]) => [name, await calibrationAt(path)] as const),
  );
  const names = calibrated.flatMap(([name]) => [
    onDevice('latencyMs', name),
    ...(int8 ? [onDevice('int8LatencyMs', name)] : []),
  ]);
  const sized = maxSizeBytes !== null;
  const size = int8 ? 'int8SizeBytes' : 'sizeBytes';
  return {
    measures: new Set(sized ? [...names, size] : names),
    of: (network) => {
      const measures: Record<string, number> = {};
      if (sized) {
        const float = structure(network);
        const judged = int8 ? tried(() => int8Structure(float)) : float;
        if (judged !== null) measures[size] = encodedBytes(judged) + METADATA_BYTES;
      }
      if (calibrated.length > 0) {
        const deployed = deployedGraph(network);
        const float = floatKernels(deployed);
        const quantised = int8 ? tried(() => int8Kernels(deployed)) : null;
        for (const [name, calibration] of calibrated)
          Object.assign(measures, predicted(name, calibration, float, quantised));
      }
      return measures;
    },
  };
}

/** The graph that is deployed, for one image. */
const structure = (network: Network): OnnxModel => deploymentModel(network, blankWeights(network), 1);

function predicted(
  name: string,
  calibration: LatencyCalibration,
  float: readonly Kernel[],
  int8: readonly Kernel[] | null,
): Record<string, number> {
  const one = (measure: 'latencyMs' | 'int8LatencyMs', kernels: readonly Kernel[] | null) => {
    const found = kernels && tried(() => predictKernels(calibration, kernels));
    // With operators that were never calibrated there is no bound to keep: the trial fails with their names.
    return found === null || found.unknown.length > 0 ? {} : { [onDevice(measure, name)]: found.ms };
  };
  return { ...one('latencyMs', float), ...one('int8LatencyMs', int8) };
}

/** Null for what cannot be told of this network: its trial says why. */
function tried<T>(make: () => T): T | null {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof EspalierError)) throw error;
    return null;
  }
}
