/**
 * Whether a node's name, or a scope that it lies in, is among `scopes`: `stage2.block0.conv` lies in `stage2` and in
 * `stage2.block0`. Scopes end at a dot or, as PyTorch's exporter names nodes, at a slash.
 */
export function inScope(name: string, scopes: ReadonlySet<string>): boolean {
  if (scopes.size === 0) return false;
  if (scopes.has(name)) return true;
  for (let end = 1; end < name.length; end++) {
    const separator = name[end] === '.' || name[end] === '/';
    if (separator && scopes.has(name.slice(0, end))) return true;
  }
  return false;
}
