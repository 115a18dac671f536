/**
 * How long 8 bits take after a training, and how much of a time limit is kept for them. Pure: the clock is the caller's.
 *
 * Plan, final training and export go by the same figures: what the plan keeps is what the training leaves, and what the
 * quantisation may take.
 */

/** Images of the data set. */
export interface ImageCounts {
  readonly train: number;
  readonly val: number;
  readonly test: number;
}

/** Seconds of the parts of a network's quantisation. */
export interface Int8Work {
  /** Calibration, and the validation images in float and in 8 bits. */
  readonly plain: number;
  /** Fine-tuning, each epoch judged. */
  readonly tuning: number;
  /** Layers tried in float for a bound on the loss. */
  readonly mixed: number;
  /** The test images in 8 bits. */
  readonly test: number;
  /** Latency in 8 bits, and of both in turns. */
  readonly timing: number;
}

export const FINE_TUNE_EPOCHS = 2;

/** An inference takes so much of a step of training, evaluation and calibration alike. */
const INFERENCE_SHARE = 0.4;
/**
 * Calibration goes through its images for extremes and, at the price of two, for histograms; through a quarter of them for
 * the rounding of weights and, at the price of two, for each calibrator's bias correction; through half of them to choose.
 */
const CALIBRATION_IMAGES = 7 * 512;
/** Fine-tuning asks the float model beside each step. */
const TUNING_STEP = 1.5;
/** Doubling and bisection over the layers of a usual network judge so many models. */
const MIXED_ATTEMPTS = 8;
const TIMING_SECONDS = 7;

/** Fine-tuning, and trying layers in float, may each take so much of what a network has for its training. */
const FURTHER_SHARE = 0.1;
/** All of quantisation may. A network that has hardly learnt is of no use in 8 bits either. */
const MOST_FOR_INT8 = 0.5;

/** In passes over the training images. */
const plainEpochs = ({ train, val, test }: ImageCounts): number =>
  (INFERENCE_SHARE * (CALIBRATION_IMAGES + 2 * val + test)) / train;

/**
 * @param epochSeconds of a pass of the network's training
 * @param bounded whether there is a bound on the loss of accuracy
 */
export function int8Work(counts: ImageCounts, epochSeconds: number, bounded: boolean): Int8Work {
  const anImage = (epochSeconds / counts.train) * INFERENCE_SHARE;
  return {
    plain: anImage * (CALIBRATION_IMAGES + 2 * counts.val),
    tuning: FINE_TUNE_EPOCHS * (TUNING_STEP * epochSeconds + anImage * counts.val),
    mixed: bounded ? MIXED_ATTEMPTS * anImage * counts.val : 0,
    test: anImage * counts.test,
    timing: TIMING_SECONDS,
  };
}

/** Seconds to keep for 8 bits of the seconds that a network has for its training and all after it. */
export function keptForInt8({ plain, tuning, mixed, test, timing }: Int8Work, seconds: number): number {
  const worthIt = (part: number): number => (part <= FURTHER_SHARE * seconds ? part : 0);
  return Math.min(timing + plain + test + worthIt(tuning) + worthIt(mixed), MOST_FOR_INT8 * seconds);
}

/**
 * What is left of a network's seconds for its training, as a plan knows it: before there is a network. In passes over the
 * data: `epochs` of training, and quantisation at the price of that network.
 * @returns seconds of one pass that the time suffices for
 */
export function epochWithInt8(
  counts: ImageCounts,
  seconds: number,
  epochs: number,
  bounded: boolean,
): number {
  const further = FURTHER_SHARE * (bounded ? 2 : 1);
  const rest = Math.max((1 - MOST_FOR_INT8) * seconds, (1 - further) * seconds - TIMING_SECONDS);
  return rest / (epochs + plainEpochs(counts));
}

/** Opening two sessions and timing one more. */
const TRIAL_SECONDS = 1.5;
/** A trial is calibrated with fewer images. */
const TRIAL_IMAGES = 4 * 256;

/** What 8 bits add to a trial: seconds, and passes over the training images. */
export const int8OfTrial = ({
  train,
  val,
}: ImageCounts): { readonly seconds: number; readonly epochs: number } => ({
  seconds: TRIAL_SECONDS,
  epochs: (INFERENCE_SHARE * (TRIAL_IMAGES + val)) / train,
});

/** Metadata, files, report. */
const WRITING_SECONDS = 3;
/** However late it is, plain quantisation gets so much: a model in 8 bits was asked for. */
const LEAST_SECONDS = 5;

/** A network's quantisation under the clock. */
export interface Int8Clock {
  /** Whether there is time for fine-tuning now. */
  readonly timeToTune: () => boolean;
  /** Whether it must stop looking for a better model now, and time and write the one that it has. */
  readonly over: () => boolean;
  /** Longest single measurement of a latency, seconds. */
  readonly timingSeconds: () => number;
}

/**
 * @param secondsLeft until everything of this network must be there; infinite without a limit
 */
export function startInt8Clock(work: Int8Work, secondsLeft: () => number): Int8Clock {
  const began = secondsLeft();
  const after = work.test + work.timing + WRITING_SECONDS;
  return {
    timeToTune: () => {
      const left = secondsLeft();
      if (left === Number.POSITIVE_INFINITY) return true;
      // What was estimated too low for the one is so for the other.
      const slower = Math.max(1, (began - left) / work.plain);
      return left > work.tuning * slower + after;
    },
    over: () => {
      const left = secondsLeft();
      return left < after && began - left > LEAST_SECONDS;
    },
    // Three of them, at the most, make `timing`.
    timingSeconds: () => Math.min(3, Math.max(0.5, (secondsLeft() - WRITING_SECONDS) / 3)),
  };
}
