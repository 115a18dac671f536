/** The files of a run, all in one folder. */
import { join } from 'node:path';

export interface RunFolder {
  readonly path: string;
  readonly database: string;
  /** Decoded data set: lets workers and `resume` start at once. */
  readonly dataset: string;
  /** Addresses of other devices with their tokens; for the owner alone. */
  readonly devices: string;
  /** A folder: the calibrations that stand in for devices, as they were when the run began. */
  readonly calibrations: string;
  readonly checkpoint: string;
  readonly weights: string;
  readonly model: string;
  /** The model in 8 bits, where it was asked for. */
  readonly int8Model: string;
  readonly network: string;
  readonly trials: string;
  readonly pareto: string;
  readonly report: string;
}

export function runFolder(path: string): RunFolder {
  const at = (name: string): string => join(path, name);
  return {
    path,
    database: at('study.db'),
    dataset: at('dataset.cache'),
    devices: at('devices.json'),
    calibrations: at('calibrations'),
    checkpoint: at('final.checkpoint'),
    weights: at('weights.safetensors'),
    model: at('model.onnx'),
    int8Model: at('model.int8.onnx'),
    network: at('network.json'),
    trials: at('trials.json'),
    pareto: at('pareto.csv'),
    report: at('report.html'),
  };
}

/** Where a member of the front goes: what belongs to one network is named after its trial. */
export function memberFolder(folder: RunFolder, trial: number): RunFolder {
  const at = (name: string): string => join(folder.path, 'models', `${trial}.${name}`);
  return {
    ...folder,
    checkpoint: at('checkpoint'),
    weights: at('safetensors'),
    model: at('onnx'),
    int8Model: at('int8.onnx'),
    network: at('network.json'),
  };
}
