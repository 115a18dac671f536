/** Where boxes and edges of a stage go: a layered drawing from top to bottom (dagre; Gansner et al. 1993). */
import { Graph, layout } from '@dagrejs/dagre';

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** `x` and `y` are the centre. */
export interface Placed extends Point, Size {}

export interface Drawing {
  /** What is drawn lies between `left` and `left + width`, 0 and `height`. */
  readonly left: number;
  readonly width: number;
  readonly height: number;
  readonly places: ReadonlyMap<string, Placed>;
  readonly edges: readonly (readonly Point[])[];
}

const MARGIN = 8;

export function placeBoxes(
  sizes: ReadonlyMap<string, Size>,
  edges: readonly (readonly [from: string, to: string])[],
): Drawing {
  const graph = new Graph<{ rankdir: string; nodesep: number; ranksep: number; marginy: number }>();
  graph.setGraph({ rankdir: 'TB', nodesep: 14, ranksep: 20, marginy: MARGIN });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const [id, size] of sizes) graph.setNode(id, { ...size });
  for (const [from, to] of edges) graph.setEdge(from, to);
  layout(graph);
  const places = new Map([...sizes.keys()].map((id) => [id, graph.node(id) as unknown as Placed]));
  const paths = (graph.edges() as readonly { v: string; w: string }[]).map(
    (edge) => (graph.edge(edge) as unknown as { points: readonly Point[] }).points,
  );
  // dagre's own width leaves out the bends of long edges.
  const xs = [
    ...[...places.values()].flatMap(({ x, width }) => [x - width / 2, x + width / 2]),
    ...paths.flat().map(({ x }) => x),
  ];
  const left = Math.floor(Math.min(...xs) - MARGIN);
  const { height = 0 } = graph.graph() as { height?: number };
  return {
    left,
    width: Math.ceil(Math.max(...xs) + MARGIN - left),
    height: Math.ceil(height),
    places,
    edges: paths,
  };
}
