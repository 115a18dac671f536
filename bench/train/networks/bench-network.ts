/** A network of the training benchmark. */
import type { Network } from '../../../src/network/network.ts';

export interface BenchNetwork {
  /** As in the table. */
  readonly name: string;
  /** Name of the file with the same network in PyTorch, `<definition>.py`. */
  readonly definition: string;
  /** [channels, height, width] or [features] of one input. */
  readonly inputShape: readonly number[];
  readonly classes: number;
  /** One label for each input, or for each of its pixels. */
  readonly labels: 'input' | 'pixel';
  /** Inputs in a step by default. */
  readonly batch: number;
  build(inputShape: readonly number[], classes: number): Network;
}
