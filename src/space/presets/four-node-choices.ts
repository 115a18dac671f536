/** The choices of a four-node cell: one operation for each of its six edges. */
import type { FOUR_NODE_EDGES } from '../../network/blocks/four-node-cell.ts';
import { type Choice, struct } from '../choice.ts';

export const fourNodeChoices = <C extends Choice>(operation: C) =>
  struct({
    edge01: operation,
    edge02: operation,
    edge12: operation,
    edge03: operation,
    edge13: operation,
    edge23: operation,
  } satisfies Record<(typeof FOUR_NODE_EDGES)[number], C>);
