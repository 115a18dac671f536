/** Where the images of class folders lie, and what lies there beside them. */
import { extname, join } from 'node:path';
import type { SplitName } from '../dataset.ts';
import { IMAGE_EXTENSIONS } from '../decode-image.ts';
import { listFolder, listTree } from '../directory.ts';
import { SPLIT_NAMES } from '../source.ts';

export interface ImageFile {
  /** Relative to the source. */
  readonly file: string;
  readonly split: SplitName;
  readonly class: string;
}

const isImage = (file: string): boolean => IMAGE_EXTENSIONS.has(extname(file).toLowerCase());

/** Extensions named in a note. */
const MOST_EXTENSIONS = 4;

/**
 * The files that are images by their extension; `notes` says what was left out.
 * @throws DATA_ACCESS for a folder that may not be read
 */
export async function findImages(path: string): Promise<{ files: ImageFile[]; notes: string[] }> {
  const top = await listFolder(path);
  const notes: string[] = [];
  /** Images beside the class folders. */
  const loose: string[] = top.files.filter(isImage);
  const roots: { folder: string; split: SplitName; classes: readonly string[] }[] = [];
  if (await hasSplitFolders(path, top.folders)) {
    for (const folder of top.folders) {
      const split = SPLIT_NAMES[folder.toLowerCase()];
      const inside = await listFolder(join(path, folder));
      if (split === undefined)
        notes.push(`The folder ${folder} is none of train, val and test and was left out.`);
      else if (inside.folders.length === 0)
        notes.push(`The folder ${folder} has no class folders and was left out.`);
      else {
        roots.push({ folder: `${folder}/`, split, classes: inside.folders });
        loose.push(...inside.files.filter(isImage).map((file) => `${folder}/${file}`));
      }
    }
  } else roots.push({ folder: '', split: 'train', classes: top.folders });

  const files: ImageFile[] = [];
  const others: string[] = [];
  for (const { folder, split, classes } of roots)
    for (const name of classes)
      for (const file of await listTree(join(path, folder, name)))
        if (isImage(file)) files.push({ file: `${folder}${name}/${file}`, split, class: name });
        else others.push(file);
  const used = new Set(files.map((file) => file.class));
  for (const name of new Set(roots.flatMap(({ classes }) => classes)))
    if (!used.has(name)) notes.push(`The folder ${name} holds no images and is no class.`);
  if (loose.length > 0)
    notes.push(
      `${loose.length === 1 ? '1 image lies' : `${loose.length} images lie`} beside the class folders and ${were(loose)} left out, first ${loose[0]}.`,
    );
  if (others.length > 0)
    notes.push(
      `${others.length === 1 ? '1 file is no image' : `${others.length} files are no images`} by ${others.length === 1 ? 'its' : 'their'} extension (${extensionsOf(others)}) and ${were(others)} left out.`,
    );
  return { files, notes };
}

const were = ({ length }: readonly string[]): string => (length === 1 ? 'was' : 'were');

/** `.heic 12, .txt 1`, the most frequent first. */
function extensionsOf(files: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const file of files) {
    const extension = extname(file).toLowerCase() || 'none';
    counts.set(extension, (counts.get(extension) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  const named = sorted.slice(0, MOST_EXTENSIONS).map(([extension, count]) => `${extension} ${count}`);
  return [...named, ...(sorted.length > MOST_EXTENSIONS ? ['…'] : [])].join(', ');
}

/** True when a folder called train holds class folders (and is not itself the class of trains). */
async function hasSplitFolders(path: string, folders: readonly string[]): Promise<boolean> {
  const train = folders.find((folder) => SPLIT_NAMES[folder.toLowerCase()] === 'train');
  if (train === undefined) return false;
  const inside = await listFolder(join(path, train));
  return inside.folders.length > 0 && !inside.files.some(isImage);
}
