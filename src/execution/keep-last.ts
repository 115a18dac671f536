/** `load` with a memory of one: the same path is read once, another path replaces it. A failed read is not kept. */
export function keepLast<T>(load: (path: string) => Promise<T>): (path: string) => Promise<T> {
  let last: { readonly path: string; readonly value: Promise<T> } | null = null;
  return (path) => {
    if (last?.path === path) return last.value;
    const value = load(path);
    const entry = { path, value };
    last = entry;
    value.catch(() => {
      if (last === entry) last = null;
    });
    return value;
  };
}
