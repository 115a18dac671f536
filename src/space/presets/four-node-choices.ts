/** The choices of a four-node cell: one operation for each of its six edges. */
import type { FOUR_NODE_EDGES } from '../../network/blocks/four-node-cell.ts';
import { type Choice, struct } from '../choice.ts';

export const fourNodeChoices = <C extends Choice>(operation: C) =>
  struct({
    /** From node 0, the input, to node 1. */
    edge01: operation,
    /** From node 0 to node 2. */
    edge02: operation,
    /** From node 1 to node 2. */
    edge12: operation,
    /** From node 0 to node 3, the output. */
    edge03: operation,
    /** From node 1 to node 3. */
    edge13: operation,
    /** From node 2 to node 3. */
    edge23: operation,
  } satisfies Record<(typeof FOUR_NODE_EDGES)[number], C>);
