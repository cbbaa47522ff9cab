import type { SecondSample } from './second.ts';
import type { Fault } from './wording.ts';

const blocks = ' ▁▂▃▄▅▆▇█';

/**
 * The flow into Kafka as one line of block characters, and beneath it when which fault struck. Heights go by the square
 * root: beside the peak of what had been held back, the everyday flow would be no more than a line.
 * @param width most columns that it may take; a shorter run takes one a second
 */
export function sparkline(
  samples: readonly SecondSample[],
  faults: readonly Fault[],
  width: number,
): { bars: string; marks: string; peak: number } {
  const counted = samples.filter((sample) => sample.t > 0);
  const from = counted[0]?.t ?? 0;
  const to = counted.at(-1)?.t ?? 0;
  const perColumn = Math.max(1, (to - from + 1) / Math.max(1, width));
  // Tenths of a second are no exact binary fractions: 1.9 - 0.9 is a little less than a column.
  const columnOf = (t: number): number => Math.floor((t - from) / perColumn + 0.001);
  const columns = Array.from({ length: columnOf(to) + 1 }, () => ({ sum: 0, count: 0 }));
  for (const { t, storedPerSecond } of counted) {
    const column = columns[columnOf(t)];
    if (!column) continue;
    column.sum += storedPerSecond;
    column.count++;
  }
  let last = 0;
  // A second that was not measured is not a second without messages.
  const rates = columns.map(({ sum, count }) => (last = count === 0 ? last : sum / count));
  const peak = Math.max(0, ...rates);
  const block = (rate: number): string =>
    blocks[rate === 0 ? 0 : Math.max(1, Math.round(Math.sqrt(rate / peak) * (blocks.length - 1)))] ?? ' ';
  return { bars: rates.map(block).join(''), marks: faultMarks(faults, rates.length, columnOf), peak };
}

/** A fault is `└ its name`, as long as there is room; one that comes too close shows its sign alone. */
function faultMarks(faults: readonly Fault[], width: number, columnOf: (t: number) => number): string {
  const line: string[] = Array.from({ length: width }, () => ' ');
  for (const [index, fault] of faults.entries()) {
    const start = columnOf(fault.at);
    if (start < 0 || start >= width) continue;
    const next = faults[index + 1];
    const room = (next ? columnOf(next.at) : width + 30) - start - 1;
    const label = `└ ${fault.kind} ${fault.target}`;
    const text = label.length <= room ? label : '└';
    for (let offset = 0; offset < text.length; offset++) line[start + offset] = text.charAt(offset);
  }
  return Array.from(line, (letter) => letter ?? ' ').join('');
}
