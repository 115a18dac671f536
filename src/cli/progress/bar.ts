/** A bar of `cells` characters, filled by `share`, 0..1. */
export const bar = (share: number, cells: number): string => {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * cells);
  return '█'.repeat(filled) + '░'.repeat(cells - filled);
};
