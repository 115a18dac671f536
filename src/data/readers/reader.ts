/** A reader knows one format of image classification data. */
import type { ImageSource } from '../source.ts';

export interface ReadOptions {
  /** Side of the square that images are resized to; undefined: chosen from the images (see working-size.ts). */
  readonly imageSize?: number | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Reader {
  /** In words, for messages. */
  readonly format: string;
  /** Whether `path` looks like this format: by names only, nothing is decoded. */
  readonly detect: (path: string) => Promise<boolean>;
  /** @throws DATA_* errors with the file and the reason */
  readonly read: (path: string, options: ReadOptions) => Promise<ImageSource>;
}
