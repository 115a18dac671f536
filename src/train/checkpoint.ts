/** Checkpoints of a training run: everything needed to go on at an epoch's end, in one safetensors file. */
import { existsSync, readFileSync } from 'node:fs';
import { writeWhole } from '../disk.ts';
import type { Tensor } from '../onnx/model.ts';
import type { CurvePoint } from '../study/trial.ts';
import { decodeSafetensors, encodeSafetensors } from './safetensors.ts';

export interface Checkpoint {
  /** Finished epochs. */
  readonly epoch: number;
  readonly step: number;
  readonly curve: readonly CurvePoint[];
  /** Seconds spent training before. */
  readonly seconds: number;
  /** Identifies the run: a checkpoint of another plan, seed or network is not used. */
  readonly run: string;
  readonly vectors: ReadonlyMap<string, Tensor>;
}

/** A crash while writing leaves the old one whole. @throws STORAGE */
export async function writeCheckpoint(path: string, checkpoint: Checkpoint): Promise<void> {
  const { vectors, ...rest } = checkpoint;
  await writeWhole(path, encodeSafetensors({ tensors: vectors, metadata: { state: JSON.stringify(rest) } }));
}

/** The checkpoint at `path`, or null when there is none of this run. */
export function readCheckpoint(path: string, run: string): Checkpoint | null {
  if (!existsSync(path)) return null;
  const { tensors, metadata } = decodeSafetensors(readFileSync(path), path);
  const state = JSON.parse(metadata.state ?? '{}') as Omit<Checkpoint, 'vectors'>;
  return state.run === run ? { ...state, vectors: tensors } : null;
}
