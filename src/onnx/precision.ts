/** Which parts of a float model stay in float when it is quantised: kept in its metadata, so that the file tells it. */
import type { OnnxModel } from './model.ts';

const KEY = 'espalier.float';

/** @param scopes names of nodes or of scopes (scope.ts) */
export const withFloatScopes = (model: OnnxModel, scopes: readonly string[]): OnnxModel =>
  scopes.length === 0 ? model : { ...model, metadata: { ...model.metadata, [KEY]: JSON.stringify(scopes) } };

/** What {@link withFloatScopes} wrote; empty for other models. */
export function floatScopes({ metadata }: Pick<OnnxModel, 'metadata'>): readonly string[] {
  const text = metadata[KEY];
  if (text === undefined) return [];
  try {
    const scopes: unknown = JSON.parse(text);
    return Array.isArray(scopes) ? scopes.filter((scope) => typeof scope === 'string') : [];
  } catch {
    // Somebody else's entry: the model is quantised as a whole.
    return [];
  }
}
