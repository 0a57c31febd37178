// @ts-check

/** @param {string[]} heads @param {string[][]} rows @returns {string} the first column to the left, the others to the right */
export function table(heads, rows) {
  const widths = heads.map((_, column) => Math.max(...[heads, ...rows].map((row) => row[column].length)));
  /** @param {string[]} row */
  const line = (row) => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  ');
  return [heads, ...rows].map(line).join('\n');
}
