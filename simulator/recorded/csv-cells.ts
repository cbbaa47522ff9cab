/** The delimiters that a header is searched for, where the mapping names none. */
const usual = [',', ';', '\t', '|'] as const;

/** The delimiter that a header has most of, outside quotes; a comma where it has none. */
export function delimiterOf(header: string): string {
  const bare = header.replaceAll(/"[^"]*"/g, '');
  const counts = usual.map((one) => bare.split(one).length);
  return usual[counts.indexOf(Math.max(...counts))] ?? ',';
}

/**
 * The cells of one line, without the spaces around them. A cell in quotes may hold delimiters, and quotes doubled
 * (RFC 4180); it ends with the line at the latest.
 * @returns undefined when a quote is never closed
 */
export function cellsOf(line: string, delimiter: string): string[] | undefined {
  if (!line.includes('"')) return line.split(delimiter).map((cell) => cell.trim());
  const cells: string[] = [];
  let at = 0;
  for (;;) {
    while (line[at] === ' ') at++;
    if (line[at] === '"') {
      const quoted = quotedAt(line, at);
      if (!quoted) return undefined;
      const next = line.indexOf(delimiter, quoted.end);
      // What stands behind the quote and before the delimiter belongs to the cell: "12" V
      cells.push((quoted.text + line.slice(quoted.end, next < 0 ? undefined : next)).trim());
      at = next;
    } else {
      const next = line.indexOf(delimiter, at);
      cells.push(line.slice(at, next < 0 ? undefined : next).trim());
      at = next;
    }
    if (at < 0) return cells;
    at += delimiter.length;
  }
}

function quotedAt(line: string, from: number): { text: string; end: number } | undefined {
  let text = '';
  let at = from + 1;
  for (;;) {
    const quote = line.indexOf('"', at);
    if (quote < 0) return undefined;
    text += line.slice(at, quote);
    if (line[quote + 1] !== '"') return { text, end: quote + 1 };
    text += '"';
    at = quote + 2;
  }
}
