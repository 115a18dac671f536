/** A model of another program's, made ready for a prediction: its shapes computed, its inputs of the sizes that were asked for. */
import { EspalierError, fail } from '../../errors.ts';
import { normaliseModel } from '../../onnx/import/normalise.ts';
import type { OnnxModel } from '../../onnx/model.ts';
import { givenShapes, openAxes } from '../example-feeds.ts';
import type { LatencyCalibration } from './calibration-file.ts';
import { type ModelPrediction, predictModel } from './predict-model.ts';

export interface SizedPrediction extends ModelPrediction {
  /** Axes whose size nobody said, taken as 1: `input: height`. The batch is not among them: a prediction is for one image. */
  readonly assumed: readonly string[];
}

/**
 * The latency of any model from a calibration.
 * @param shapes by input name, where an axis of the model has no fixed size
 * @throws USAGE when the calibration has no predictor for the model's precision; MODEL_INPUT for a shape that does not fit;
 *   NOT_PREDICTABLE when the sizes of values are not known
 */
export function predictAnyModel(
  calibration: LatencyCalibration,
  model: OnnxModel,
  shapes: ReadonlyMap<string, readonly number[]>,
): SizedPrediction {
  const ready = withoutComputedShapes(withShapes(model, shapes));
  const assumed = ready.graph.inputs.flatMap(openAxes);
  try {
    return { ...predictModel(calibration, ready), assumed };
  } catch (error) {
    if (!(error instanceof EspalierError) || error.code !== 'SHAPE') throw error;
    return fail(
      'NOT_PREDICTABLE',
      {
        reason: `${error.message[0]!.toLowerCase()}${error.message.slice(1)}`,
        hint:
          assumed.length > 0
            ? `Say how large its inputs are with --shape: so far nobody did (${assumed.join(', ')}).`
            : 'Measure the model instead: `espalier device measure MODEL`, with --device ADDRESS on another device.',
      },
      error,
    );
  }
}

function withShapes(model: OnnxModel, shapes: ReadonlyMap<string, readonly number[]>): OnnxModel {
  const { graph } = model;
  const fed = graph.inputs.filter(({ name }) => !graph.initializers.has(name));
  const given = givenShapes(fed, shapes);
  const inputs = graph.inputs.map((input) => {
    const shape = given(input.name);
    return shape === null ? input : { ...input, shape, unranked: false };
  });
  return { ...model, graph: { ...graph, inputs } };
}

/** Exporters of other tools write shapes as chains of operators; a model of an old operator set is taken as it is. */
function withoutComputedShapes(model: OnnxModel): OnnxModel {
  try {
    return normaliseModel(model);
  } catch (error) {
    if (error instanceof EspalierError && error.code === 'ONNX_READ') return model;
    throw error;
  }
}
