import type { Attribute } from './model.ts';

/** ONNX AttributeProto.AttributeType numbers of the kinds we handle. */
export const ATTRIBUTE_TYPE = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  floats: 6,
  ints: 7,
  strings: 8,
} as const satisfies Record<Attribute['type'], number>;
