import { isUtf8 } from 'node:buffer';

/** For a terminal: what a stranger's bytes would make it do is shown instead of done. */
export function harmless(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}]/gu, (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`);
}

export function shortened(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

/** Columns as wide as what stands in them; the last one ends where it ends. */
export function table(rows: readonly (readonly string[])[], rightAligned: readonly number[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length);
  }
  return rows.map((row) =>
    row
      .map((cell, index) => {
        const width = widths[index] ?? 0;
        return rightAligned.includes(index) ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd(),
  );
}

const bytesPerLine = 16;

/** Offset, hexadecimal, and what is ASCII of it, as `hexdump -C` has it. */
export function hexdump(bytes: Buffer): string[] {
  return Array.from({ length: Math.ceil(bytes.length / bytesPerLine) }, (_, line) => {
    const at = line * bytesPerLine;
    const part = [...bytes.subarray(at, at + bytesPerLine)];
    const hex = part.map((byte, index) => `${index === 8 ? ' ' : ''}${byte.toString(16).padStart(2, '0')}`);
    const text = part.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.'));
    const width = bytesPerLine * 3;
    return `${at.toString(16).padStart(8, '0')}  ${hex.join(' ').padEnd(width)}  |${text.join('')}|`;
  });
}

/** The bytes as text, or null where they are none. */
export function textOf(bytes: Buffer): string | null {
  if (bytes.length === 0 || !isUtf8(bytes)) return null;
  const text = bytes.toString();
  return /[^\P{Cc}\t\r\n]/u.test(text) ? null : text;
}
