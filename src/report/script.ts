/** The page's only script: tables that are sorted by a click on a column's head. Without it the page is still whole. */
export const SCRIPT = `
for (const table of document.querySelectorAll('table.sortable')) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => head.querySelector('button')?.addEventListener('click', () => {
    const down = head.getAttribute('aria-sort') === 'descending';
    for (const other of heads) other.removeAttribute('aria-sort');
    head.setAttribute('aria-sort', down ? 'ascending' : 'descending');
    const value = (row) => { const text = row.cells[column].dataset.value; return text === '' ? null : isNaN(text) ? text : Number(text); };
    const rows = [...table.tBodies[0].rows].sort((a, b) => {
      const [x, y] = [value(a), value(b)];
      // What was not measured stays at the end either way.
      if (x === null || y === null) return (x === null) - (y === null);
      return (x < y ? -1 : x > y ? 1 : 0) * (down ? 1 : -1);
    });
    table.tBodies[0].append(...rows);
  }));
}
`;
