import { signalNames } from '#contract/signals.ts';
import { rejections, repairs, type Tally } from '#simulator/recorded/tally.ts';
import { inTurns, type DrivesRead } from '#simulator/recorded/read-drives.ts';
import { count, percent, plural, seconds } from '../verdict/figures.ts';

/** So many files and rows are named; the others are counted. Where everything is wanted, all rows that are known by name. */
const named = 10;
const namedOfAll = 100;
const label = 12;

interface Shown {
  /** As it was given. */
  place: string;
  readingsPerMessage: number;
  all?: boolean | undefined;
}

/** What was read of recorded drives, and what was not, in lines. */
export function drivesInWords(read: DrivesRead, { place, readingsPerMessage, all = false }: Shown): string {
  const { tally, drives, files, otherFiles, refused, readings, intervalMs } = read;
  const cars = new Set(drives.map(({ car }) => car).filter((car) => car !== null)).size;
  const ofCars = cars === 0 ? '' : ` of ${plural(cars, 'car')}`;
  const short = drives.filter((drive) => drive.readings < readingsPerMessage).length;
  const lines: [string, string][] = [
    [
      'drives',
      `${count(drives.length)}${ofCars} in ${plural(files, 'file')}, ${seconds((readings * intervalMs) / 1000)}`,
    ],
    ['rows', count(tally.rows)],
    ['accepted', count(tally.accepted)],
    ['repaired', `${count(tally.repaired)}${reasons(tally, repairs)}`],
    ['rejected', `${count(tally.rejected)}${reasons(tally, rejections)}`],
    ['signals', signalsFound(read)],
    ['absent', signalNames.filter((name) => !read.present.has(name)).join(', ') || 'none'],
  ];
  if (read.names.unused.length > 0) lines.push(['not mapped', some(read.names.unused)]);
  if (short > 0) {
    const than = `shorter than a message of ${plural(readingsPerMessage, 'reading')}: not driven`;
    lines.push(['too short', `${plural(short, 'drive')} ${than}`]);
  }
  const turns = inTurns(tally);
  if (turns !== undefined) lines.push(['mixed', turns]);
  if (otherFiles > 0) lines.push(['not read', `${plural(otherFiles, 'file')} of other kinds`]);
  for (const [column, faults] of read.names.faults) {
    const bad = faults['bad-number'] === 0 ? [] : [`${count(faults['bad-number'])} without a number`];
    const odd =
      faults.implausible === 0 ? [] : [`${count(faults.implausible)} beyond what it can be (right unit?)`];
    lines.push(['cells', `${column}: ${[...bad, ...odd].join(', ')}`]);
  }
  return [
    `Recorded drives of ${place}`,
    ...lines.map(([what, words]) => `  ${what.padEnd(label)}${words}`),
    ...list(
      refused.map(({ file, words }) => `  ${file}: not used: ${words}`),
      all,
    ),
    ...list(
      tally.named.map(({ file, line, reason, words }) => `  ${file}:${line}: ${reason}: ${words}`),
      all,
    ),
    '',
  ].join('\n');
}

function list(lines: readonly string[], all: boolean): string[] {
  const most = all ? namedOfAll : named;
  if (lines.length <= most) return [...lines];
  return [
    ...lines.slice(0, most),
    `  … and ${lines.length - most} more${all ? '' : ' named in drives.json'}`,
  ];
}

function some(names: readonly string[]): string {
  const more = names.length > named ? `, … (${names.length} in all)` : '';
  return names.slice(0, named).join(', ') + more;
}

function reasons({ byReason }: Tally, of: typeof repairs | typeof rejections): string {
  const met = of.filter((reason) => byReason.has(reason));
  const each = met.map((reason) => `${reason} ${count(byReason.get(reason) ?? 0)}`);
  return each.length === 0 ? '' : `   ${each.join(' · ')}`;
}

function signalsFound({ present }: DrivesRead): string {
  return [...present].map(([name, share]) => `${name} ${percent(share)}`).join(' · ');
}

/** The same for programs: drives.json of a run's results. */
export function drivesRecord({ tally, names, present, ...read }: DrivesRead): object {
  const { rows, accepted, repaired, rejected, turns, byReason, named: findings } = tally;
  return {
    ...read,
    rows: {
      rows,
      accepted,
      repaired,
      rejected,
      turns,
      byReason: Object.fromEntries(byReason),
      named: findings,
    },
    cells: Object.fromEntries(names.faults),
    notMapped: names.unused,
    present: Object.fromEntries(present),
    absent: signalNames.filter((name) => !present.has(name)),
  };
}
