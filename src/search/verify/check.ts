/** What a check of a model file is given and what it finds. */
import type { ImageDataset } from '../../data/dataset.ts';
import type { Network } from '../../network/network.ts';
import type { OnnxModel } from '../../onnx/model.ts';
import type { SearchSpace } from '../../space/space.ts';
import type { ModelMetadata } from '../model-metadata.ts';

/** `unchecked`: something that the check needs is not there, or the two cannot be compared. */
export type CheckStatus = 'agrees' | 'disagrees' | 'unchecked';

export interface CheckResult {
  readonly status: CheckStatus;
  /** One or two sentences: what the file says, what was found, why it could not be compared. */
  readonly text: string;
}

export interface VerifyContext {
  readonly bytes: Uint8Array;
  readonly model: OnnxModel;
  /** What the file is, by its graph. */
  readonly precision: 'float' | 'int8';
  /** Null of a file that Espalier did not write, or whose metadata are damaged. */
  readonly metadata: ModelMetadata | null;
  /** What is wrong with the metadata, in words; null: nothing. */
  readonly unreadable: string | null;
  /** Null where it is not known; the reason stands in `missing`. */
  readonly space: SearchSpace | null;
  /** The network that the space builds from the genome; null without the space, or where it builds none. */
  readonly network: Network | null;
  /** Why there is no network. */
  readonly missing: string;
  /** Null when none were given. */
  readonly dataset: ImageDataset | null;
  /** Whether latency may be measured. */
  readonly timed: boolean;
  readonly threads: number;
  readonly signal: AbortSignal;
}

/** Null where there is nothing to check in such a file. */
export type Check = (context: VerifyContext) => CheckResult | null | Promise<CheckResult | null>;

export const agrees = (text: string): CheckResult => ({ status: 'agrees', text });
export const disagrees = (text: string): CheckResult => ({ status: 'disagrees', text });
export const unchecked = (text: string): CheckResult => ({ status: 'unchecked', text });
