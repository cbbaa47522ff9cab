import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { signalNames, type SignalName } from '#contract/signals.ts';
import { DrivesFile } from '#simulator/recorded/drives-file.ts';
import { readDrives, type DrivesRead } from '#simulator/recorded/read-drives.ts';
import { scratch } from '#test/fleetbed.ts';
import { readMapping } from '#testbed/scenario/mapping-file.ts';

export interface ReadBack {
  read: DrivesRead;
  /** Each drive's readings of a signal, as simulators get them. */
  drive: (number: number, name: SignalName) => number[];
  reasons: Record<string, number>;
}

/** What becomes of files (a text or bytes by name) under a mapping. */
export async function readBack(
  mapping: string,
  files: Record<string, string | Buffer>,
  intervalMs = 1000,
): Promise<ReadBack> {
  await using folder = await scratch();
  const file = await folder.file('mapping.yaml', mapping);
  const place = path.join(folder.dir, 'drives');
  for (const [name, content] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(place, name)), { recursive: true });
    await writeFile(path.join(place, name), content);
  }
  const into = path.join(folder.dir, 'drives.json');
  const read = await readDrives({ place, mapping: (await readMapping(file)).mapping, intervalMs, into });
  const drives = new DrivesFile(into);
  const all = drives.drives.map((drive) => {
    const columns = signalNames.map(() => new Float32Array(drive.readings));
    if (drive.readings > 0) drives.read(drive.first, columns);
    return columns;
  });
  drives.close();
  return {
    read,
    drive: (number, name) => [...all[number]![signalNames.indexOf(name)]!],
    reasons: Object.fromEntries(read.tally.byReason),
  };
}

/** Of one file, with seconds, speed in km/h and engineSpeed in rpm. */
export const simple = `
time: { column: t, format: seconds }
columns:
  v: { signal: speed, unit: km/h }
  n: { signal: engineSpeed, unit: rpm }
`;
