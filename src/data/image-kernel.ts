/**
 * An image that is changed by WebAssembly, compiled from assembly/, which documents the loops: two to three times as fast as in
 * JavaScript (docs/performance.md).
 */
import type { ImageDataset } from './dataset.ts';
import { affineMap, areaLookedAt, type Geometry } from './geometry.ts';
import { instantiateLoops } from './image-loops.ts';

/** One image at a time: it is loaded, changed, and stored as floats. */
export interface ImageKernel {
  /** Takes the image of bytes that starts at `from` in `images`. */
  load(images: Uint8Array, from: number): void;
  /** Of all its bytes. */
  mean(): number;
  /**
   * Moves each pixel of an RGB image away from (factor > 1) or towards its own grey.
   * @param luma what each colour weighs in the grey
   */
  saturate(factor: number, luma: readonly [number, number, number]): void;
  /**
   * Shifts and mirrors, without rotation and scale.
   * @param tables what each byte of each channel becomes, [channels·256]
   */
  gather(tables: Float32Array, geometry: Geometry): void;
  /**
   * Shifts, mirrors, rotates and scales: bilinear sampling of an image that is reflected at its edges, at positions that are
   * rounded to 1/256 of a pixel, which moves a value by less than one step of a byte. Normalises as `(byte/255 − mean) / std`.
   * @param recoloured what each byte is replaced with before, 256 values
   */
  warp(recoloured: Uint8Array, geometry: Geometry): void;
  /** Writes what {@link gather} or {@link warp} made to `out` at `to`. */
  store(out: Float32Array, to: number): void;
}

export function createImageKernel(
  layout: Pick<ImageDataset, 'channels' | 'height' | 'width' | 'normalisation'>,
): ImageKernel {
  const { channels, height, width, normalisation } = layout;
  const plane = height * width;
  const planes = Array.from({ length: channels }, (_, c) => c);
  // The loops write whole vectors, so that each plane has room behind it.
  const pitch = wholeVectors(plane);
  const resultPitch = wholeVectors(4 * plane);
  const image = 0;
  const result = image + channels * pitch;
  const table = result + channels * resultPitch;
  const area = table + channels * 256 * Float32Array.BYTES_PER_ELEMENT;
  let { loops, bytes, floats } = instantiateLoops(area);

  /** A memory that grows would leave its buffer detached, after which V8 checks every access to any typed array. */
  function reserve(size: number): void {
    if (size <= bytes.length) return;
    const before = bytes;
    ({ loops, bytes, floats } = instantiateLoops(2 * size));
    bytes.set(before);
  }

  return {
    load(images, from) {
      for (const c of planes)
        bytes.set(images.subarray(from + c * plane, from + (c + 1) * plane), image + c * pitch);
    },
    mean() {
      const sum = planes.reduce((total, c) => total + loops.sum(image + c * pitch, plane), 0);
      return sum / (channels * plane);
    },
    saturate: (factor, luma) => loops.saturate(image, plane, pitch, factor, ...luma),
    gather(tables, { dx, dy, flip, flipVertical }) {
      floats.set(tables, table / 4);
      for (const c of planes) {
        const [from, to, lookUp] = [image + c * pitch, result + c * resultPitch, table + c * 1024];
        loops.gather(from, width, height, lookUp, to, dx, dy, flip, flipVertical);
      }
    },
    warp(recoloured, geometry) {
      const map = affineMap(geometry, width, height);
      const { left, top, wide, high } = areaLookedAt(map, width, height);
      reserve(area + wide * high);
      bytes.set(recoloured, table);
      const [stepX, stepY] = [Math.round(map.xx * PIXEL), Math.round(map.yx * PIXEL)];
      const [x, y] = [map.x - left, map.y - top];
      for (const c of planes) {
        const std = normalisation.std[c]!;
        const offset = -normalisation.mean[c]! / std;
        const scale = 1 / (255 * PIXEL * std);
        const to = result + c * resultPitch;
        loops.writeOut(image + c * pitch, width, height, table, area, left, top, wide, high);
        loops.sample(area, wide, high, to, width, height, x, stepX, map.xy, y, stepY, map.yy, offset, scale);
      }
    },
    store(out, to) {
      for (const c of planes) {
        const begin = (result + c * resultPitch) / 4;
        out.set(floats.subarray(begin, begin + plane), to + c * plane);
      }
    },
  };
}

/** A pixel in fixed point: 16 bits behind the point, so that positions lie within ±32,767 pixels. */
const PIXEL = 1 << 16;

/** Bytes for so many, and for what a vector of 16 writes behind them. */
const wholeVectors = (size: number): number => (size + 31) & ~15;
