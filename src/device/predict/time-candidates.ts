/** Times some networks of a calibration again, its landmarks, and new ones beside them. */
import type { OnnxModel } from '../../onnx/model.ts';
import type { Random } from '../../random.ts';
import { type LatencyCalibration, PRECISIONS, type Precision } from './calibration-file.ts';
import { calibrationStream, type Landmark } from './landmarks.ts';
import { drawModel, type RandomModels } from './random-models.ts';
import {
  type RefusedNetwork,
  type RoundsOptions,
  type TimedNetwork,
  timeInRounds,
} from './time-in-rounds.ts';

/** As a file has it. */
export type CandidateModel = NonNullable<LatencyCalibration['models'][Precision]>;

export interface CandidateOptions extends Omit<RoundsOptions, 'draw'> {
  /** By precision; they are timed turn by turn, as they were when they were calibrated. */
  readonly ways: Readonly<Partial<Record<Precision, RandomModels>>>;
  /** New networks of each precision; none times the landmarks alone. */
  readonly networks: number;
  /** For the new networks too. */
  readonly random: Random;
}

export interface TimedCandidates {
  readonly landmarks: readonly (TimedNetwork & { readonly landmark: Landmark })[];
  /** The new ones, by their index in the stream that they were drawn from. */
  readonly samples: readonly TimedNetwork[];
  /** New networks that the runtime did not take. */
  readonly refused: readonly RefusedNetwork[];
}

interface Candidate {
  readonly precision: Precision;
  /** Of the calibration's stream, or of the new networks'. */
  readonly index: number;
  readonly landmark: Landmark | null;
  readonly draw: () => Promise<OnnxModel>;
}

/** @throws as {@link timeInRounds} */
export async function timeCandidates(
  models: LatencyCalibration['models'],
  options: CandidateOptions,
): Promise<Partial<Record<Precision, TimedCandidates>>> {
  const { ways, networks, random } = options;
  const lists = PRECISIONS.flatMap((precision) => {
    const [model, way] = [models[precision], ways[precision]];
    return model && way ? [candidatesOf(precision, model, way, networks, random)] : [];
  });
  const candidates = inTurns(lists);
  const timed = await timeInRounds({
    ...options,
    networks: candidates.length,
    draw: (i) => candidates[i]!.draw(),
  });
  return Object.fromEntries(
    lists.flatMap(([first]) =>
      first === undefined ? [] : [[first.precision, ofPrecision(first.precision, candidates, timed)]],
    ),
  );
}

/** Landmarks come first, and in the later rounds among the others. */
function candidatesOf(
  precision: Precision,
  { seed, landmarks }: CandidateModel,
  way: RandomModels,
  networks: number,
  random: Random,
): Candidate[] {
  const before = calibrationStream(seed);
  const candidate = (index: number, landmark: Landmark | null, stream: Random): Candidate => ({
    ...{ precision, index, landmark },
    draw: () => drawModel(way, index, stream.split(index)),
  });
  return [
    ...landmarks.map((landmark) => candidate(landmark.index, landmark, before)),
    ...Array.from({ length: networks }, (_, index) => candidate(index, null, random)),
  ];
}

/** The first of each list, then the second of each, and so on. */
const inTurns = <One>(lists: readonly (readonly One[])[]): One[] =>
  Array.from({ length: Math.max(0, ...lists.map(({ length }) => length)) }, (_, i) =>
    lists.flatMap((list) => list.slice(i, i + 1)),
  ).flat();

function ofPrecision(
  precision: Precision,
  candidates: readonly Candidate[],
  timed: { readonly samples: readonly TimedNetwork[]; readonly refused: readonly RefusedNetwork[] },
): TimedCandidates {
  const own = <One extends { readonly index: number }>(all: readonly One[]) =>
    all.flatMap((one) => {
      const candidate = candidates[one.index]!;
      return candidate.precision === precision
        ? [{ one: { ...one, index: candidate.index }, landmark: candidate.landmark }]
        : [];
    });
  const isNew = <One>({ one, landmark }: { one: One; landmark: Landmark | null }): One[] =>
    landmark === null ? [one] : [];
  return {
    landmarks: own(timed.samples).flatMap(({ one, landmark }) => (landmark ? [{ ...one, landmark }] : [])),
    samples: own(timed.samples).flatMap(isNew),
    refused: own(timed.refused).flatMap(isNew),
  };
}
