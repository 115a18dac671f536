/** From the bytes of an image file to planar pixels. The image library is loaded when the first image is. */
import { readFile } from 'node:fs/promises';
import type sharpFactory from 'sharp';
import { readingReason } from '../disk.ts';
import { fail } from '../errors.ts';
import { decodeBmp, type InterleavedImage, isBmp } from './bmp.ts';
import { resizer } from './resize.ts';
import type { ImageSize } from './source.ts';

export interface DecodedImage extends ImageSize {
  /** 1 when every pixel is grey. */
  readonly channels: 1 | 3;
  /** [channels, height, width] */
  readonly pixels: Uint8Array;
  /** Size in the file, upright. */
  readonly original: ImageSize;
}

export const IMAGE_EXTENSIONS: ReadonlySet<string> = new Set(
  '.jpg .jpeg .png .webp .gif .bmp .tif .tiff'.split(' '),
);

let library: Promise<typeof sharpFactory> | null = null;

function loadLibrary(): Promise<typeof sharpFactory> {
  library ??= import('sharp').then(
    ({ default: sharp }) => {
      // Many small images in flight use the cores better than threads inside one image; each file is read only once.
      sharp.concurrency(1);
      sharp.cache(false);
      return sharp;
    },
    (error) =>
      fail('IMAGE_LIBRARY', { reason: error instanceof Error ? error.message : String(error) }, error),
  );
  return library;
}

/** Upright size of an image. @throws Error with the reason in words */
export async function measureImage(bytes: Uint8Array): Promise<ImageSize> {
  if (isBmp(bytes)) return decodeBmp(bytes);
  const sharp = await loadLibrary();
  try {
    const { autoOrient } = await sharp(bytes).metadata();
    return autoOrient;
  } catch (error) {
    throw new Error(reasonInWords(error, bytes), { cause: error });
  }
}

/**
 * Decodes an image upright, in 8 bits, on white where it is transparent; of animations the first frame. With `about`, an
 * image at least eight times as large comes back at four times that size, which spares most of the decoding of photographs
 * and is near enough for the exact resizing that follows.
 * @throws Error with the reason in words; callers add the file's name
 */
export async function decodeImage(bytes: Uint8Array, about?: ImageSize): Promise<DecodedImage> {
  if (bytes.length === 0) throw new Error('the file is empty');
  if (isBmp(bytes)) {
    const image = decodeBmp(bytes);
    return planar(image, image);
  }
  const sharp = await loadLibrary();
  try {
    let image = sharp(bytes, { failOn: 'error' }).autoOrient();
    let original: ImageSize | null = null;
    if (about) {
      original = (await image.metadata()).autoOrient;
      if (original.width >= 8 * about.width && original.height >= 8 * about.height)
        image = image.resize(4 * about.width, 4 * about.height, { fit: 'fill', kernel: 'linear' });
    }
    const { data, info } = await image
      .flatten({ background: 'white' })
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    const rgb = info.channels === 3 ? data : repeatChannel(data, info.channels);
    const size = { width: info.width, height: info.height };
    return planar({ ...size, rgb }, original ?? size);
  } catch (error) {
    throw new Error(reasonInWords(error, bytes), { cause: error });
  }
}

/** What an image is brought to. */
interface ImageShape extends ImageSize {
  /** Grey or RGB. */
  readonly channels: 1 | 3;
}

/**
 * Reads one image (JPEG, PNG, WebP, GIF, BMP, TIFF) as a data set's images were: upright, resized to fill width ×
 * height without regard to its proportions, grey (Rec. 601 luma) or RGB, on white where it is transparent.
 * @returns planar bytes [channels, height, width]
 * @throws DATA_CORRUPT with the reason
 */
export async function readImageFile(path: string, shape: ImageShape): Promise<Uint8Array> {
  try {
    const image = await decodeImage(await readFile(path), shape);
    return withChannels(resizer(image.channels, image, shape)(image.pixels), image.channels, shape.channels);
  } catch (error) {
    return fail('DATA_CORRUPT', { file: path, reason: reasonInWords(error) }, error);
  }
}

/** One planar image with `to` channels: grey is repeated, RGB becomes Rec. 601 luma. */
export function withChannels(pixels: Uint8Array, from: 1 | 3, to: 1 | 3): Uint8Array {
  if (from === to) return pixels;
  const plane = pixels.length / from;
  const result = new Uint8Array(plane * to);
  if (to === 3) for (let c = 0; c < 3; c++) result.set(pixels, c * plane);
  else
    for (let i = 0; i < plane; i++)
      result[i] = Math.round(
        0.299 * pixels[i]! + 0.587 * pixels[plane + i]! + 0.114 * pixels[2 * plane + i]!,
      );
  return result;
}

function planar({ width, height, rgb }: InterleavedImage, original: ImageSize): DecodedImage {
  const plane = width * height;
  let grey = true;
  for (let i = 0; i < rgb.length && grey; i += 3) grey = rgb[i] === rgb[i + 1] && rgb[i] === rgb[i + 2];
  const channels = grey ? 1 : 3;
  const pixels = new Uint8Array(channels * plane);
  for (let c = 0; c < channels; c++) for (let i = 0; i < plane; i++) pixels[c * plane + i] = rgb[i * 3 + c]!;
  return { width, height, channels, pixels, original: { width: original.width, height: original.height } };
}

/** RGB from grey with or without further channels. */
function repeatChannel(data: Uint8Array, channels: number): Uint8Array {
  const rgb = new Uint8Array((data.length / channels) * 3);
  for (let i = 0; i < rgb.length; i++) rgb[i] = data[Math.floor(i / 3) * channels]!;
  return rgb;
}

const SIGNATURES: readonly (readonly [kind: string, begin: readonly number[]])[] = [
  ['PNG', [0x89, 0x50, 0x4e, 0x47]],
  ['TIFF', [0x49, 0x49, 0x2a, 0x00]],
  ['TIFF', [0x4d, 0x4d, 0x00, 0x2a]],
  ['GIF', [0x47, 0x49, 0x46, 0x38]],
  ['JPEG', [0xff, 0xd8, 0xff]],
  ['WebP', [0x52, 0x49, 0x46, 0x46]],
];

const kindOf = (bytes: Uint8Array): string | null =>
  SIGNATURES.find(([, begin]) => begin.every((byte, i) => bytes[i] === byte))?.[0] ?? null;

/** The library's many messages in the few kinds that a user can act on. @param bytes of the file, where they are there */
function reasonInWords(error: unknown, bytes?: Uint8Array): string {
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && 'code' in error ? String(error.code) : null;
  if (code !== null && message.includes(code)) return readingReason(error);
  const line = (message.split('\n').find((text) => text.trim() !== '') ?? 'unknown reason').trim();
  if (
    /premature|truncated|unexpected end|end of (file|stream|data)|ended|cut short|not enough data/i.test(
      message,
    )
  )
    return 'the file is cut short';
  const kind = bytes === undefined ? null : kindOf(bytes);
  if (/unsupported image format/i.test(message) && kind === null)
    return 'the file is not an image of a known format';
  // The last chunk of every PNG; libpng says only that it cannot read on.
  if (kind === 'PNG' && !Buffer.from(bytes!).includes('IEND')) return 'the file is cut short';
  // libvips keeps one error text for all threads: decoding others at the same time, the cause may be missing from it.
  if (kind !== null) return `the ${kind} image is damaged or cut short`;
  if (/corrupt header/i.test(message)) return 'the file is damaged or cut short';
  return line;
}
