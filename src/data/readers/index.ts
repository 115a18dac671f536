/** All formats. The first whose `detect` agrees reads the data, so the most particular stand first. */
import { cifar } from './cifar.ts';
import { classFolders } from './class-folders.ts';
import { idx } from './idx.ts';
import { npyFolder } from './npy-folder.ts';
import { npz } from './npz.ts';
import type { Reader } from './reader.ts';

export const READERS = { cifar, idx, npz, npyFolder, classFolders } satisfies Record<string, Reader>;
