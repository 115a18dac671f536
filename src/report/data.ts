/** Everything that a report shows, as plain JSON. */
import type { Augmentation } from '../data/dataset.ts';
import type { DataReport } from '../data/report.ts';
import type { Network } from '../network/network.ts';
import type { Genome } from '../space/genome.ts';
import type { TrainingChoices } from '../space/training-choices.ts';
import type { CurvePoint, Measures, Objective, Trial } from '../study/trial.ts';
import type { ConfusionMatrix } from '../task/classification-metrics.ts';

/** By device: whether its latencies were measured there, or predicted from its calibration. */
export type LatencySources = Readonly<Record<string, 'measured' | 'predicted'>>;

/** What people should know of a space or strategy. */
interface Described {
  /** As options name it. */
  readonly name: string;
  /** In sentences, with the paper. */
  readonly description: string;
}

/** A space and its size. */
interface DescribedSpace extends Described {
  /** Number of genomes, written with commas; null where a float makes it infinite. */
  readonly size: string | null;
}

/** A network to be drawn. */
interface DrawnNetwork {
  /** Number of its trial. */
  readonly trial: number;
  /** As it trains. */
  readonly network: Network;
}

/** Everything that the report of a run shows. */
export interface ReportData {
  /** Of the page. */
  readonly title: string;
  /** The run's folder, as commands name it. */
  readonly run: string;
  /** The command line that made the run; empty where a program did. */
  readonly command: string;
  /** Of the search. */
  readonly seed: string | number;
  /** ISO 8601. */
  readonly writtenAt: string;
  /** By name: espalier, node, onnxruntime … */
  readonly versions: Readonly<Record<string, string>>;
  /** By name: processor, cores, memory … */
  readonly machine: Readonly<Record<string, string>>;
  /** Other devices by their names: what they are, and whether latencies there were measured or predicted. */
  readonly devices: Readonly<Record<string, string>>;
  /** What was found in the data. */
  readonly data: DataReport;
  /** How training images are varied; not there in runs of before. */
  readonly augmentation?: Augmentation;
  /** The search's options as they were used. */
  readonly options: Readonly<Record<string, unknown>>;
  /** What was searched. */
  readonly space: DescribedSpace;
  /** What named the trials, and what it did in this search. */
  readonly strategy: Described;
  /** In the order of the options. */
  readonly objectives: readonly Objective[];
  /** All, by number. */
  readonly trials: readonly Trial[];
  /** Numbers of the trials on the Pareto front. */
  readonly front: readonly number[];
  /** Null while the study is unfinished. */
  readonly winner: Winner | null;
  /** All networks that were trained fully, the winner among them, in the order of training. */
  readonly members: readonly Winner[];
  /** How each member turned out, in the same order. */
  readonly standings: readonly Standing[];
  /** Networks of trials on the front that were not trained fully, to be drawn. */
  readonly drawn: readonly DrawnNetwork[];
  /** Networks of other trials to be drawn, best first; the winner's is not repeated. */
  readonly others: readonly DrawnNetwork[];
  /** What the run took. */
  readonly cost: {
    /** Seconds by phase, in order: reading data, search, final training, test, export … */
    readonly seconds: Readonly<Record<string, number>>;
    /** Training images that all trainings together went through. */
    readonly imagesSeen: number;
    /** Resident memory of the training that took most; null where it was not watched. */
    readonly peakMemoryBytes: number | null;
  };
  /** What a reader should know: limits that were hit, intervals that are wide, leaks in the data. */
  readonly notes: readonly string[];
}

/** How a trained network turned out beside the bounds and the others. */
export interface Standing {
  /** Bounds that are broken, in words. */
  readonly overBounds: readonly string[];
  /** Another trained network is at least as good in every objective, and better in one. */
  readonly dominated: boolean;
}

/** Milliseconds of one image. */
interface LatencyInterval {
  /** Lower end. */
  readonly lowMs: number;
  /** Upper end. */
  readonly highMs: number;
}

/** Of a model in 8 bits. */
interface Int8Latency extends LatencyInterval {
  /** Whether nothing spoke against the figure; not there in runs of before. */
  readonly trusted?: boolean;
}

/** How many times as fast as float. */
interface SpeedUp {
  /** Median over rounds of both models in turns. */
  readonly ratio: number;
  /** Lower end of its 95 % interval. */
  readonly low: number;
  /** Upper end of it. */
  readonly high: number;
}

/** A layer that computes in float in the model in 8 bits. */
interface FloatLayer {
  /** Of its node. */
  readonly name: string;
  /** Its operator type. */
  readonly op: string;
  /** Why, in a clause. */
  readonly reason: string;
}

/** What a report says of a network in 8 bits beside its measures. */
export interface Int8Figures {
  /** Name of the ONNX file beside the report. */
  readonly file: string;
  /** 95 % (Wilson 1927) of int8ValAccuracy; null where there are no such images. */
  readonly valInterval: readonly [number, number] | null;
  /** 95 % (Wilson 1927) of int8TestAccuracy; null where there are no such images. */
  readonly testInterval: readonly [number, number] | null;
  /** 95 % interval of int8LatencyMs. */
  readonly latency: Int8Latency;
  /** How many times as fast as float, from runs of both in turns, and the 95 % interval. */
  readonly speedUp: SpeedUp | null;
  /** Layers that compute in float, and why. */
  readonly floatLayers: readonly FloatLayer[];
}

/** A fully trained network. */
export interface Winner {
  /** Number of its trial. */
  readonly trial: number;
  /** What it was built from. */
  readonly genome: Genome;
  /** How its genome wanted it trained, where the space chooses that. */
  readonly training?: TrainingChoices;
  /** As it trains. */
  readonly network: Network;
  /** Of the final training; `valAccuracy` and the costs. */
  readonly measures: Measures;
  /** 95 % (Wilson 1927) of `valAccuracy`; not there in runs of before. */
  readonly valInterval?: readonly [number, number];
  /** Of the final training. */
  readonly curve: readonly CurvePoint[];
  /** Names, in the order of the outputs. */
  readonly classes: readonly string[];
  /** Counts [actual][predicted] on the test split, or on the validation split when there is none. */
  readonly confusion: ConfusionMatrix;
  /** On the test images; null when there are none. */
  readonly test: {
    /** Share of right answers, 0..1. */
    readonly accuracy: number;
    /** Test images. */
    readonly count: number;
    /** 95 % (Wilson 1927). */
    readonly interval: readonly [number, number];
  } | null;
  /** The exported file. */
  readonly model: {
    /** Name of the ONNX file beside the report. */
    readonly file: string;
    /** Name of its input, float32 [batch, channels, height, width]. */
    readonly input: string;
    /** Name of its output, logits [batch, classes]. */
    readonly output: string;
    /** What its input is made of: (byte/255 − mean)/std. */
    readonly preprocessing: {
      /** Grey or RGB. */
      readonly channels: 1 | 3;
      /** Pixels. */
      readonly height: number;
      /** Pixels. */
      readonly width: number;
      /** Per channel, on the 0..1 scale. */
      readonly mean: readonly number[];
      /** Per channel, on the 0..1 scale. */
      readonly std: readonly number[];
    };
  };
  /** Null where it was not asked for, or could not be quantised; not there in runs of before. */
  readonly int8?: Int8Figures | null;
}
