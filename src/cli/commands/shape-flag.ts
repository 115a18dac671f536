/** `--shape input=1x3x224x224`: sizes of a model's inputs that the file leaves open. */
import type { Command } from 'commander';
import { fail } from '../../errors.ts';

export interface ShapeFlags {
  readonly shape: readonly string[];
}

export const addShapeFlag = (command: Command): Command =>
  command.option(
    '--shape <input=shape>',
    'shape of an input whose axes have no fixed size, which are else taken as 1: input=1x3x32x32 (may be repeated)',
    (text: string, before: readonly string[]) => [...before, text],
    [] as readonly string[],
  );

/** By input. @throws USAGE */
export const readShapes = ({ shape }: ShapeFlags): ReadonlyMap<string, readonly number[]> =>
  new Map(shape.map(readShape));

function readShape(text: string): readonly [string, readonly number[]] {
  const [, name, sizes] = /^(.+)=(\d+(?:[x,]\d+)*)$/.exec(text) ?? [];
  const shape = (sizes ?? '0').split(/[x,]/).map(Number);
  if (name !== undefined && shape.every((size) => size > 0)) return [name, shape];
  return fail('USAGE', {
    what: `--shape ${text}: not an input with its shape`,
    hint: 'Write for example --shape input=1x3x224x224; `espalier inspect` names the inputs.',
  });
}
