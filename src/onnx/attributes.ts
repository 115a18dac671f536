/** Attributes of a node by name, with the standard's default where they are absent. */
import type { Attributes } from './model.ts';

export function intAttribute(attributes: Attributes, name: string, fallback: number): number {
  const found = attributes[name];
  return found?.type === 'int' ? found.value : fallback;
}
export function floatAttribute(attributes: Attributes, name: string, fallback: number): number {
  const found = attributes[name];
  return found?.type === 'float' ? found.value : fallback;
}
export function intsAttribute(attributes: Attributes, name: string): readonly number[] | null {
  const found = attributes[name];
  return found?.type === 'ints' ? found.value : null;
}
export function stringAttribute(attributes: Attributes, name: string, fallback: string): string {
  const found = attributes[name];
  return found?.type === 'string' ? found.value : fallback;
}
export function stringsAttribute(attributes: Attributes, name: string): readonly string[] | null {
  const found = attributes[name];
  return found?.type === 'strings' ? found.value : null;
}
