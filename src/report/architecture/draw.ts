/** Draws a network as a row of stages, each a small graph from top to bottom (layout: dagre, Gansner et al. 1993). */
import { Graph, layout } from '@dagrejs/dagre';
import type { Network } from '../../network/network.ts';
import { formatCount } from '../format.ts';
import { type Html, html, trusted } from '../html.ts';
import { type Box, boxesOf } from './boxes.ts';
import { type Stage, stagesOf } from './stages.ts';

const LINE = 15;
const CHARACTER = 6.6;
const MARGIN = 8;

interface Placed {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export function drawArchitecture(network: Network): Html {
  const boxes = boxesOf(network);
  const stages = stagesOf(boxes);
  const total = boxes.reduce((sum, box) => sum + box.macs, 0);
  const shapes = new Map<string, readonly number[]>([
    ...network.inputs.map(({ id, shape }) => [id, shape] as const),
    ...boxes.map((box) => [box.id, box.shape] as const),
  ]);
  const families = [...new Set(boxes.map((box) => box.family))];
  return html`<div class="legend">${families.map((family) => html`<span><i class="${family}"></i>${family}</span>`)}</div>
<div class="stages">${stages.map((stage) => drawStage(stage, shapes, total))}</div>`;
}

const shapeText = (shape: readonly number[] | undefined): string => (shape ?? []).join('×');

function drawStage(stage: Stage, shapes: ReadonlyMap<string, readonly number[]>, total: number): Html {
  const macs = stage.repeats * stage.boxes.reduce((sum, box) => sum + box.macs, 0);
  const params = stage.repeats * stage.boxes.reduce((sum, box) => sum + box.params, 0);
  const figures = [
    ...(params > 0 ? [`${formatCount(params)} params`] : []),
    ...(macs > 0 ? [`${formatCount(macs)} MACs (${Math.round((100 * macs) / Math.max(1, total))} %)`] : []),
  ];
  // Layers without a stage are named by what they are.
  const name = stage.name === '' ? stage.boxes.map((box) => box.id).join(', ') : stage.name;
  return html`<figure class="stage"><figcaption><b>${name}</b>${stage.repeats > 1 && html` <em>× ${stage.repeats}</em>`}<br><small>${figures.join(', ')}</small></figcaption>
${drawGraph(stage.boxes, shapes)}</figure>`;
}

function drawGraph(boxes: readonly Box[], shapes: ReadonlyMap<string, readonly number[]>): Html {
  const graph = new Graph<{
    rankdir: string;
    nodesep: number;
    ranksep: number;
    marginx: number;
    marginy: number;
  }>();
  graph.setGraph({ rankdir: 'TB', nodesep: 14, ranksep: 20, marginx: MARGIN, marginy: MARGIN });
  graph.setDefaultEdgeLabel(() => ({}));
  const inside = new Set(boxes.map((box) => box.id));
  const outside = [...new Set(boxes.flatMap((box) => box.inputs))].filter((id) => !inside.has(id));
  const shapeOf = (id: string): string => shapeText(shapes.get(id));
  // Where a stage takes in one value, its shape says enough; of several, each needs its name.
  const inputLabel = (id: string): string => (outside.length === 1 ? shapeOf(id) : `${id} ${shapeOf(id)}`);
  const widthOf = (...lines: readonly string[]): number =>
    Math.max(64, 20 + CHARACTER * Math.max(...lines.map((line) => line.length)));
  for (const id of outside) graph.setNode(id, { width: widthOf(inputLabel(id)), height: 20 });
  for (const box of boxes) {
    const lines = boxLines(box);
    graph.setNode(box.id, { width: widthOf(...lines), height: 10 + LINE * lines.length });
  }
  for (const box of boxes) for (const id of new Set(box.inputs)) graph.setEdge(id, box.id);
  layout(graph);
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  const at = (id: string): Placed => graph.node(id) as unknown as Placed;
  const edges = (graph.edges() as readonly { v: string; w: string }[]).map((edge) => {
    const { points } = graph.edge(edge) as unknown as { points: readonly { x: number; y: number }[] };
    return html`<path class="edge" d="${smooth(points)}" marker-end="url(#arrow)"></path>`;
  });
  return html`<svg role="img" aria-label="${boxes.length} layers" width="${Math.ceil(width)}" height="${Math.ceil(height)}" viewBox="0 0 ${Math.ceil(width)} ${Math.ceil(height)}">
${edges}
${outside.map((id) => html`<text class="port" x="${at(id).x}" y="${at(id).y}">${inputLabel(id)}</text>`)}
${boxes.map((box) => drawBox(box, at(box.id)))}
</svg>`;
}

/** Title, what follows inside, and the shape that leaves. */
const boxLines = (box: Box): string[] => [
  box.title,
  ...(box.detail === '' ? [] : [box.detail]),
  shapeText(box.shape),
];

function drawBox(box: Box, { x, y, width, height }: Placed): Html {
  const lines = boxLines(box);
  const first = y - ((lines.length - 1) * LINE) / 2;
  const tip = `${box.id}: ${formatCount(box.params)} params, ${formatCount(box.macs)} MACs`;
  return html`<g class="box ${box.family}"><title>${tip}</title><rect x="${x - width / 2}" y="${y - height / 2}" width="${width}" height="${height}" rx="5"></rect>${lines.map(
    (line, i) =>
      html`<text class="${i === 0 ? 'title' : 'detail'}" x="${x}" y="${first + i * LINE}">${line}</text>`,
  )}</g>`;
}

const round = (value: number): number => Math.round(10 * value) / 10;

/** A path through the points with rounded bends. */
function smooth(points: readonly { readonly x: number; readonly y: number }[]): string {
  const [start, ...rest] = points;
  const end = rest.pop();
  if (!start || !end) return '';
  const between = (a: { x: number; y: number }, b: { x: number; y: number }): string =>
    `${round((a.x + b.x) / 2)} ${round((a.y + b.y) / 2)}`;
  const curves = rest.map(
    (point, i) =>
      `Q${round(point.x)} ${round(point.y)} ${i === rest.length - 1 ? `${round(end.x)} ${round(end.y)}` : between(point, rest[i + 1]!)}`,
  );
  return `M${round(start.x)} ${round(start.y)}${curves.length > 0 ? curves.join('') : `L${round(end.x)} ${round(end.y)}`}`;
}

/** The arrow head that all drawings of a page share. */
export const arrowMarker: Html = trusted(
  '<svg width="0" height="0" aria-hidden="true" style="position:absolute"><defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" orient="auto"><path d="M0 0L8 4L0 8z" class="head"></path></marker></defs></svg>',
);
