/**
 * Shape rules of ONNX operators: output shapes and element types from those of the inputs.
 *
 * They let a graph be built with every shape known at once, which gradient rules and layout passes need; they are
 * checked against ONNX Runtime's own inference. A dimension may be symbolic (a string such as `batch`); symbols pass
 * through wherever arithmetic on them is not needed. Source: the ONNX operator specifications, opset 21.
 */
import { BLOCKED_RULES } from './shape-rules/blocked.ts';
import { CONSTANT_RULES } from './shape-rules/constant.ts';
import type { ShapeRule } from './shape-rules/context.ts';
import { ELEMENTWISE_RULES } from './shape-rules/elementwise.ts';
import { INDEXING_RULES } from './shape-rules/indexing.ts';
import { MATRIX_RULES } from './shape-rules/matrix.ts';
import { NORMALISATION_RULES } from './shape-rules/normalisation.ts';
import { RECURRENT_RULES } from './shape-rules/recurrent.ts';
import { REDUCTION_RULES } from './shape-rules/reduction.ts';
import { RESIZE_RULES } from './shape-rules/resize.ts';
import { STRUCTURE_RULES } from './shape-rules/structure.ts';
import { WINDOW_RULES } from './shape-rules/window.ts';

export {
  floatAttribute,
  intAttribute,
  intsAttribute,
  stringAttribute,
  stringsAttribute,
} from './attributes.ts';
export { ONNX_TYPE } from './element-type.ts';
export type { Shape, ValueType } from './shape-rules/context.ts';

/** Rules by operator type, all domains together (names do not clash). */
export const SHAPE_RULES: Readonly<Record<string, ShapeRule>> = {
  ...ELEMENTWISE_RULES,
  ...WINDOW_RULES,
  ...MATRIX_RULES,
  ...REDUCTION_RULES,
  ...STRUCTURE_RULES,
  ...RESIZE_RULES,
  ...INDEXING_RULES,
  ...CONSTANT_RULES,
  ...NORMALISATION_RULES,
  ...RECURRENT_RULES,
  ...BLOCKED_RULES,
};
