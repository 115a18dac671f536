/**
 * The built-in data: 28×28 grey images that Espalier draws itself, for the quickstart and for tests. Synthetic, and says so.
 *
 * Five figures, each solid or striped, make ten classes. Place, size, rotation, contrast and whether the figure is lighter
 * or darker than its ground are random; slanted grounds, bars and specks that are no figure, and noise lie over and under
 * it. So no single pixel says anything (a linear model stays near chance), while the classes remain the same when mirrored.
 */
import { createRandom, type Random } from '../random.ts';
import { assembleDataset, type LoadedDataset } from './assemble.ts';
import { type PackedSplit, packedSource, packedSplit } from './packed-images.ts';

const SIDE = 28;
const SHAPE = { channels: 1, height: SIDE, width: SIDE } as const;

/** Signed distance to a figure of radius about 1: negative inside. */
const FIGURES = {
  disc: (u, v) => Math.hypot(u, v) - 0.85,
  ring: (u, v) => Math.abs(Math.hypot(u, v) - 0.7) - 0.22,
  square: (u, v) => Math.max(Math.abs(u), Math.abs(v)) - 0.78,
  triangle: (u, v) => Math.max(Math.abs(u) * 0.866 + v * 0.5, -v) - 0.5,
  cross: (u, v) => {
    const [a, b] = [Math.abs(u), Math.abs(v)];
    return Math.min(Math.max(a - 0.95, b - 0.32), Math.max(a - 0.32, b - 0.95));
  },
} satisfies Record<string, (u: number, v: number) => number>;

const TEXTURES = ['solid', 'striped'] as const;
const CLASSES = Object.keys(FIGURES).flatMap((figure) => TEXTURES.map((texture) => `${texture} ${figure}`));

/** Seed and sizes of the built-in data. */
export interface DrawnOptions {
  /** Decides over every image. */
  readonly seed: number | string;
  /** Training images, the classes in turn; 6000 by default. */
  readonly train?: number;
  /** Validation images; 1000 by default. */
  readonly val?: number;
  /** Test images; 2000 by default. */
  readonly test?: number;
  /** Side of the square that images are resized to, in pixels; 28 by default. */
  readonly imageSize?: number | undefined;
  /** Grey (1, the default), or the grey repeated as RGB (3). */
  readonly channels?: 1 | 3 | undefined;
}

/**
 * The built-in data: images of ten classes, 28×28 and grey, that Espalier draws itself (five figures, solid or
 * striped), for the quickstart and for tests. The same images for the same seed on every machine; a split's images do
 * not depend on the other splits.
 * @throws DATA_EMPTY, DATA_ONE_CLASS, DATA_TOO_FEW when a split is too small
 */
export function drawnDataset(options: DrawnOptions): LoadedDataset {
  const { seed, train = 6000, val = 1000, test = 2000, imageSize, channels } = options;
  const random = createRandom(seed).split('drawn');
  const split = (name: string, count: number) =>
    packedSplit(drawSplit(name, count, random.split(name)), SHAPE);
  const source = packedSource('drawn by Espalier', CLASSES, SHAPE, {
    train: split('train', train),
    val: split('val', val),
    test: split('test', test),
  });
  const notes = ['These images are synthetic: Espalier draws them itself, for trying it out.'];
  return assembleDataset(
    { ...source, notes },
    { name: 'drawn', path: 'drawn', synthetic: true, random, imageSize, channels },
  );
}

function drawSplit(file: string, count: number, random: Random): PackedSplit {
  const images = new Uint8Array(count * SIDE * SIDE);
  const labels = new Uint16Array(count);
  const canvas = new Float32Array(SIDE * SIDE);
  for (let i = 0; i < count; i++) {
    labels[i] = i % CLASSES.length;
    drawImage(labels[i]!, canvas, random);
    for (let p = 0; p < canvas.length; p++)
      images[i * canvas.length + p] = Math.max(0, Math.min(255, Math.round(canvas[p]! * 255)));
  }
  return { file, count, images, labels };
}

const between = (random: Random, low: number, high: number): number => low + (high - low) * random.next();
const sign = (random: Random): number => (random.next() < 0.5 ? -1 : 1);

/** Levels are 0..1 around a middle grey. */
function drawImage(label: number, canvas: Float32Array, random: Random): void {
  drawGround(canvas, random);
  for (let i = random.int(4); i > 0; i--) drawBar(canvas, random);
  drawFigure(label, canvas, random);
  for (let i = random.int(5); i > 0; i--) drawSpeck(canvas, random);
  // The mean of four uniform values is near enough to normal, and cheap.
  const noise = between(random, 0.04, 0.16);
  for (let p = 0; p < canvas.length; p++)
    canvas[p]! += noise * (random.next() + random.next() + random.next() + random.next() - 2);
}

function drawGround(canvas: Float32Array, random: Random): void {
  const level = between(random, 0.4, 0.6);
  const slopeX = between(random, -0.2, 0.2) / SIDE;
  const slopeY = between(random, -0.2, 0.2) / SIDE;
  for (let y = 0; y < SIDE; y++)
    for (let x = 0; x < SIDE; x++)
      canvas[y * SIDE + x] = level + slopeX * (x - SIDE / 2) + slopeY * (y - SIDE / 2);
}

function drawFigure(label: number, canvas: Float32Array, random: Random): void {
  const distance = Object.values(FIGURES)[label >> 1]!;
  const striped = label % 2 === 1;
  const radius = between(random, 7, 10);
  const room = SIDE / 2 - 0.8 * radius;
  const centreX = (SIDE - 1) / 2 + between(random, -room, room);
  const centreY = (SIDE - 1) / 2 + between(random, -room, room);
  const angle = between(random, 0, 2 * Math.PI);
  const cos = Math.cos(angle) / radius;
  const sin = Math.sin(angle) / radius;
  const contrast = sign(random) * between(random, 0.25, 0.5);
  const stripes = between(random, 0, Math.PI);
  const frequency = (2 * Math.PI) / between(random, 3, 4.5);
  const waveX = frequency * Math.cos(stripes);
  const waveY = frequency * Math.sin(stripes);
  const phase = between(random, 0, 2 * Math.PI);
  for (let y = 0; y < SIDE; y++)
    for (let x = 0; x < SIDE; x++) {
      const dx = x - centreX;
      const dy = y - centreY;
      const depth = -radius * distance(cos * dx + sin * dy, cos * dy - sin * dx);
      // Half a pixel on both sides of the edge is blended.
      const cover = Math.max(0, Math.min(1, depth + 0.5));
      if (cover === 0) continue;
      const wave = striped ? 0.5 + 0.5 * Math.sin(waveX * dx + waveY * dy + phase) : 1;
      canvas[y * SIDE + x]! += cover * wave * contrast;
    }
}

function drawBar(canvas: Float32Array, random: Random): void {
  const length = between(random, 3, 8);
  const angle = between(random, 0, Math.PI);
  const startX = random.int(SIDE);
  const startY = random.int(SIDE);
  const level = sign(random) * between(random, 0.1, 0.3);
  for (let t = 0; t < length; t++)
    addAt(canvas, startX + t * Math.cos(angle), startY + t * Math.sin(angle), level);
}

function drawSpeck(canvas: Float32Array, random: Random): void {
  const x = random.int(SIDE);
  const y = random.int(SIDE);
  const level = sign(random) * between(random, 0.1, 0.4);
  for (const [dx, dy] of [
    [0, 0],
    [1, 0],
    [0, 1],
    [1, 1],
  ] as const)
    addAt(canvas, x + dx, y + dy, level);
}

function addAt(canvas: Float32Array, x: number, y: number, level: number): void {
  const column = Math.round(x);
  const row = Math.round(y);
  if (column >= 0 && column < SIDE && row >= 0 && row < SIDE) canvas[row * SIDE + column]! += level;
}
