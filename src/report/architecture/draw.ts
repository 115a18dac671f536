/** Draws a network stage by stage, each a small graph; the stages run down one column and on in the next. */
import { deployedNetwork } from '../../network/deployed-cost.ts';
import type { Network } from '../../network/network.ts';
import { formatCount } from '../format.ts';
import { type Html, html, trusted } from '../html.ts';
import { type Box, boxesOf } from './boxes.ts';
import { type Drawing, type Placed, type Point, placeBoxes } from './layout.ts';
import { type Stage, stagesOf } from './stages.ts';

const LINE = 15;
/** Width of a character of the titles; text is drawn by the reader's font. */
const CHARACTER = 7;
/** What a stage's frame adds to its drawing. */
const FRAME = 24;
const NARROWEST_STAGE = 210;

type Shapes = ReadonlyMap<string, readonly number[]>;

export function drawArchitecture(network: Network): Html {
  // As the file has it, so that its figures are those of the table.
  const boxes = boxesOf(deployedNetwork(network));
  const total = boxes.reduce((sum, box) => sum + box.macs, 0);
  const shapes = new Map<string, readonly number[]>([
    ...network.inputs.map(({ id, shape }) => [id, shape] as const),
    ...boxes.map((box) => [box.id, box.shape] as const),
  ]);
  const stages = stagesOf(boxes).map((stage) => ({ stage, ...place(stage.boxes, shapes) }));
  const column = Math.max(NARROWEST_STAGE, ...stages.map(({ drawing }) => drawing.width)) + FRAME;
  const families = [...new Set(boxes.map((box) => box.family))];
  return html`<div class="legend">${families.map((family) => html`<span><i class="${family}"></i>${family}</span>`)}</div>
<div class="stages" style="columns:${column}px">${stages.map(
    ({ stage, drawing, ports }) =>
      html`<figure class="stage">${caption(stage, total)}${drawGraph(stage.boxes, drawing, ports)}</figure>`,
  )}</div>`;
}

const shapeText = (shape: readonly number[] | undefined): string => (shape ?? []).join('×');

/** Title, what follows inside, and the shape that leaves. */
const boxLines = (box: Box): string[] => [
  box.title,
  ...(box.detail === '' ? [] : [box.detail]),
  shapeText(box.shape),
];

const widthOf = (lines: readonly string[]): number =>
  Math.max(64, 20 + CHARACTER * Math.max(...lines.map((line) => line.length)));

/** `ports`: labels of the values that come from other stages, by id. */
function place(
  boxes: readonly Box[],
  shapes: Shapes,
): { drawing: Drawing; ports: ReadonlyMap<string, string> } {
  const inside = new Set(boxes.map((box) => box.id));
  const outside = [...new Set(boxes.flatMap((box) => box.inputs))].filter((id) => !inside.has(id));
  // Where a stage takes in one value, its shape says enough; of several, each needs its name.
  const name = (id: string): string => (outside.length === 1 ? '' : `${id} `);
  const ports = new Map(outside.map((id) => [id, name(id) + shapeText(shapes.get(id))]));
  const sizes = new Map([
    ...[...ports].map(([id, label]) => [id, { width: widthOf([label]), height: 20 }] as const),
    ...boxes.map((box) => {
      const lines = boxLines(box);
      return [box.id, { width: widthOf(lines), height: 10 + LINE * lines.length }] as const;
    }),
  ]);
  const edges = boxes.flatMap((box) => [...new Set(box.inputs)].map((id) => [id, box.id] as const));
  return { drawing: placeBoxes(sizes, edges), ports };
}

function caption(stage: Stage, total: number): Html {
  const macs = stage.repeats * stage.boxes.reduce((sum, box) => sum + box.macs, 0);
  const params = stage.repeats * stage.boxes.reduce((sum, box) => sum + box.params, 0);
  const share = (100 * macs) / Math.max(1, total);
  const figures = [
    ...(params > 0 ? [`${formatCount(params)} params`] : []),
    ...(macs > 0 ? [`${formatCount(macs)} MACs (${share < 1 ? '<1' : Math.round(share)}\u00a0%)`] : []),
  ];
  // Layers without a stage are named by what they are.
  const name = stage.name === '' ? stage.boxes.map((box) => box.id).join(', ') : stage.name;
  return html`<figcaption><b>${name}</b>${stage.repeats > 1 && html` <em>× ${stage.repeats}</em>`}<br><small>${figures.join(', ')}</small></figcaption>`;
}

function drawGraph(boxes: readonly Box[], drawing: Drawing, ports: ReadonlyMap<string, string>): Html {
  const { left, width, height, places, edges } = drawing;
  return html`<svg role="img" aria-label="${boxes.length} layers" width="${width}" height="${height}" viewBox="${left} 0 ${width} ${height}">
${edges.map((points) => html`<path class="edge" d="${smooth(points)}" marker-end="url(#arrow)"></path>`)}
${[...ports].map(([id, label]) => html`<text class="port" x="${places.get(id)!.x}" y="${places.get(id)!.y}">${label}</text>`)}
${boxes.map((box) => drawBox(box, places.get(box.id)!))}
</svg>`;
}

function drawBox(box: Box, { x, y, width, height }: Placed): Html {
  const lines = boxLines(box);
  const first = y - ((lines.length - 1) * LINE) / 2;
  const tip = `${box.id}: ${formatCount(box.params)} params, ${formatCount(box.macs)} MACs`;
  return html`<g class="box ${box.family}"><title>${tip}</title><rect x="${x - width / 2}" y="${y - height / 2}" width="${width}" height="${height}" rx="5"></rect>${lines.map(
    (line, i) =>
      html`<text class="${i === 0 ? 'title' : 'detail'}" x="${x}" y="${first + i * LINE}">${line}</text>`,
  )}</g>`;
}

const coordinates = ({ x, y }: Point): string => `${Math.round(10 * x) / 10} ${Math.round(10 * y) / 10}`;
const middle = (a: Point, b: Point): Point => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });

/** A path through the points with rounded bends. */
function smooth(points: readonly Point[]): string {
  const [start, ...rest] = points;
  const end = rest.pop();
  if (!start || !end) return '';
  if (rest.length === 0) return `M${coordinates(start)}L${coordinates(end)}`;
  const curves = rest.map((point, i) => {
    const next = rest[i + 1];
    return `Q${coordinates(point)} ${coordinates(next ? middle(point, next) : end)}`;
  });
  return `M${coordinates(start)}${curves.join('')}`;
}

/** The arrow head that all drawings of a page share. */
export const arrowMarker: Html = trusted(
  '<svg width="0" height="0" aria-hidden="true" style="position:absolute"><defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" orient="auto"><path d="M0 0L8 4L0 8z" class="head"></path></marker></defs></svg>',
);
