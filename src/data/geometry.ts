/** How an image is moved, and which part of the plane around it that looks at. */

/** What an image is moved by: result pixels are looked up in the image, about its centre. */
export interface Geometry {
  readonly flip: boolean;
  readonly flipVertical: boolean;
  /** Pixels. */
  readonly dx: number;
  readonly dy: number;
  /** Radians. */
  readonly angle: number;
  readonly zoom: number;
}

/** Where result pixel (x, y) is looked up: (x + xx·x + xy·y, y + yx·x + yy·y) with the offsets x and y. */
export interface AffineMap {
  readonly x: number;
  readonly y: number;
  readonly xx: number;
  readonly xy: number;
  readonly yx: number;
  readonly yy: number;
}

export function affineMap(
  { flip, flipVertical, dx, dy, angle, zoom }: Geometry,
  width: number,
  height: number,
): AffineMap {
  const cos = Math.cos(angle) / zoom;
  const sin = Math.sin(angle) / zoom;
  const mirrorX = flip ? -1 : 1;
  const mirrorY = flipVertical ? -1 : 1;
  const centreX = (width - 1) / 2;
  const centreY = (height - 1) / 2;
  return {
    x: mirrorX * (dx - cos * centreX - sin * centreY) + centreX,
    y: mirrorY * (dy + sin * centreX - cos * centreY) + centreY,
    xx: mirrorX * cos,
    xy: mirrorX * sin,
    yx: -mirrorY * sin,
    yy: mirrorY * cos,
  };
}

/** A part of the plane, whole pixels. */
export interface Area {
  readonly left: number;
  readonly top: number;
  readonly wide: number;
  readonly high: number;
}

/** All pixels that are looked up and their right and lower neighbours, with one around them for what is rounded. */
export function areaLookedAt({ x, y, xx, xy, yx, yy }: AffineMap, width: number, height: number): Area {
  const range = (start: number, perColumn: number, perRow: number): readonly [number, number] => {
    const ends = [perColumn * (width - 1), perRow * (height - 1)];
    const least = ends.reduce((sum, end) => sum + Math.min(0, end), start);
    const most = ends.reduce((sum, end) => sum + Math.max(0, end), start);
    return [Math.floor(least) - 1, Math.floor(most) + 2];
  };
  const [left, right] = range(x, xx, xy);
  const [top, bottom] = range(y, yx, yy);
  return { left, top, wide: right - left + 1, high: bottom - top + 1 };
}
