/** The cell of NAS-Bench-201 and of TransNAS-Bench-101's micro space: four nodes, an operation on each of the six edges. */
import type { NetworkBuilder } from '../builder.ts';

/** `edge02` is the edge from node 0 to node 2; in the benchmarks' order. */
export const FOUR_NODE_EDGES = ['edge01', 'edge02', 'edge12', 'edge03', 'edge13', 'edge23'] as const;

/**
 * Each node sums what comes in; the last one is the cell's output.
 * @param edges operations in the order of {@link FOUR_NODE_EDGES}
 * @param apply puts the operation on the edge that leaves node number `from`, whose value is `x`
 */
export function fourNodeCell<O>(
  b: NetworkBuilder,
  input: string,
  edges: readonly O[],
  apply: (operation: O, x: string, from: number) => string,
): string {
  const nodes = [input];
  let edge = 0;
  for (let to = 1; to <= 3; to++) {
    const inputs = nodes.map((x, from) => {
      const operation = edges[edge++]!;
      return b.scope(`edge${from}to${to}`, () => apply(operation, x, from));
    });
    nodes.push(inputs.length === 1 ? inputs[0]! : b.add(inputs, { id: `node${to}` }));
  }
  return nodes[3]!;
}
