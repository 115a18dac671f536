/**
 * How long the training of a network will take, from the trials measured so far on this machine.
 *
 * Seconds per image are modelled as a non-negative combination of multiply-accumulates (products), activation memory
 * (elementwise work) and a constant (loading, session overhead), fitted to the relative errors.
 */

export interface TrainingCost {
  /** Multiply-accumulates of one forward pass of one image. */
  readonly macs: number;
  /** Peak activation bytes of one image. */
  readonly memoryBytes: number;
}

/** A trial that was trained. */
export interface ThroughputRecord extends TrainingCost {
  readonly imagesPerSecond: number;
  readonly threads: number;
}

/**
 * Seconds per multiply-accumulate before anything was measured: ResNet-20 on 32×32 images, one thread of a server
 * processor, 41 M MACs, 250 images/s.
 */
const FIRST_GUESS = 1 / 250 / 41e6;
/** Two threads made ResNet-20 1.6 times as fast as one. */
const THREAD_EXPONENT = 0.7;
/** Inference against a training step, per image: no backward pass, fused layers. */
const VALIDATION_SHARE = 0.25;

const FEATURES: readonly ((cost: TrainingCost) => number)[] = [
  (cost) => cost.macs / 1e7,
  (cost) => cost.memoryBytes / 1e5,
  () => 1,
];

/**
 * Predicted seconds of one epoch: `images` trained and `validationImages` evaluated on `threads` threads. Without records
 * it rests on the figure of one machine and may be off by several times.
 */
export function estimateTrainingSeconds(request: {
  readonly cost: TrainingCost;
  readonly images: number;
  readonly validationImages: number;
  readonly threads: number;
  readonly records: readonly ThroughputRecord[];
}): number {
  const { cost, images, validationImages, threads, records } = request;
  const secondsPerImage = fit(records)(cost) / threads ** THREAD_EXPONENT;
  return secondsPerImage * (images + VALIDATION_SHARE * validationImages);
}

/** One-thread seconds per image as a function of cost. */
function fit(records: readonly ThroughputRecord[]): (cost: TrainingCost) => number {
  const samples = records
    .filter((record) => record.imagesPerSecond > 0)
    .map((record) => ({ cost: record, seconds: record.threads ** THREAD_EXPONENT / record.imagesPerSecond }));
  let best: { readonly error: number; readonly predict: (cost: TrainingCost) => number } | null = null;
  // All subsets of the features that the samples can carry (two samples a coefficient): with three features, this is
  // non-negative least squares without an iteration.
  for (let subset = 1; subset < 1 << FEATURES.length; subset++) {
    const chosen = FEATURES.filter((_, i) => subset & (1 << i));
    if (chosen.length > Math.max(1, Math.floor(samples.length / 2))) continue;
    // One or two samples cannot tell what the time depends on; products are the best single guess.
    if (samples.length < 3 && subset !== 1) continue;
    const rows = samples.map(({ cost, seconds }) => chosen.map((feature) => feature(cost) / seconds));
    const coefficients = leastSquares(rows);
    if (coefficients?.every((value) => value > 0) !== true) continue;
    const value = (features: readonly number[]) =>
      features.reduce((sum, x, i) => sum + x * coefficients[i]!, 0);
    const error = rows.reduce((sum, row) => sum + (value(row) - 1) ** 2, 0);
    if (best && best.error <= error) continue;
    best = { error, predict: (cost) => value(chosen.map((feature) => feature(cost))) };
  }
  return best?.predict ?? ((cost) => cost.macs * FIRST_GUESS);
}

/** Coefficients c that minimise Σ (row·c − 1)², by the normal equations; null when they are singular. */
function leastSquares(rows: readonly (readonly number[])[]): number[] | null {
  const width = rows[0]?.length ?? 0;
  if (width === 0) return null;
  // Augmented matrix [AᵀA | Aᵀ1], reduced with pivoting (Gauss-Jordan).
  const matrix = Array.from({ length: width }, (_, i) =>
    Array.from({ length: width + 1 }, (_, j) => rows.reduce((sum, row) => sum + row[i]! * (row[j] ?? 1), 0)),
  );
  const scale = Math.max(...matrix.map((row, i) => row[i]!));
  for (let column = 0; column < width; column++) {
    const size = (row: number) => Math.abs(matrix[row]![column]!);
    let pivot = column;
    for (let row = column + 1; row < width; row++) if (size(row) > size(pivot)) pivot = row;
    if (size(pivot) <= 1e-12 * scale) return null;
    [matrix[column], matrix[pivot]] = [matrix[pivot]!, matrix[column]!];
    for (let row = 0; row < width; row++) {
      if (row === column) continue;
      const factor = matrix[row]![column]! / matrix[column]![column]!;
      for (let j = column; j <= width; j++) matrix[row]![j]! -= factor * matrix[column]![j]!;
    }
  }
  return matrix.map((row, i) => row[width]! / row[i]!);
}
