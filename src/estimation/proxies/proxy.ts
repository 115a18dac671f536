/**
 * Zero-cost proxies: scores of an untrained network from one batch (Abdelfattah et al. 2021). They cost a forward or a
 * backward pass beside a training of thousands, and rank candidates well enough to begin a search with.
 */
import type { Network } from '../../network/network.ts';
import type { Tensor } from '../../onnx/model.ts';

/** What all candidates are scored with, so that their scores compare. */
export interface ProxySetting {
  /** Normalised training images, float32 [batch, channels, height, width]. */
  readonly images: Tensor;
  /** One row for each image, one-hot, float32 [batch, classes]. */
  readonly labels: Tensor;
  /** Of ONNX Runtime, ≥ 1. */
  readonly threads: number;
}

/** A score of an untrained network (Abdelfattah et al. 2021), a cheap hint at its accuracy after training. */
export interface ProxyEstimator {
  /** As in `PROXIES`. */
  readonly name: string;
  /** One sentence for `--help` and the docs, with the paper. */
  readonly description: string;
  /**
   * Of the untrained network; initial weights depend on the layers' names alone. NaN where it cannot be computed. The
   * same network and setting give the same score.
   */
  score(network: Network, setting: ProxySetting): Promise<number>;
}
