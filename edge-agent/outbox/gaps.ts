/**
 * Positions whose frames were dropped while older ones were in flight, both ends included; ascending, never adjacent. As
 * what is in flight is what is oldest, there are at most as many as the uplink's window has places.
 */
export interface Gap {
  first: number;
  last: number;
}

/** Adds one behind all others. */
export function addGap(gaps: Gap[], gap: Gap): void {
  const before = gaps.at(-1);
  if (before && before.last + 1 === gap.first) before.last = gap.last;
  else gaps.push({ ...gap });
}

/** Takes out the gaps that follow a position at once. @returns the last position in them, or the one given */
export function passGaps(gaps: Gap[], position: number): number {
  let passed = position;
  for (let gap = gaps[0]; gap && gap.first <= passed + 1; gap = gaps[0]) {
    passed = Math.max(passed, gap.last);
    gaps.shift();
  }
  return passed;
}

export function writeGaps(gaps: readonly Gap[]): string {
  return gaps.map(({ first, last }) => `${first}-${last}`).join(' ');
}

/** null for what `writeGaps` cannot have written. */
export function readGaps(text: string): Gap[] | null {
  const gaps: Gap[] = [];
  for (const part of text.split(' ').filter(Boolean)) {
    const match = /^(\d+)-(\d+)$/.exec(part);
    if (!match) return null;
    gaps.push({ first: Number(match[1]), last: Number(match[2]) });
  }
  return gaps;
}
