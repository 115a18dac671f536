import type { Attributes, OnnxNode } from '../model.ts';

/** A node of the standard domain as a file has it, named after its operator and output. */
export const node = (
  op: string,
  inputs: readonly string[],
  output: string,
  attributes: Attributes = {},
): OnnxNode => ({ name: `${op} ${output}`, op, domain: '', inputs, outputs: [output], attributes });
