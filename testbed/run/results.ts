import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { DetectionRecord } from '../verdict/detection/case.ts';
import { renderJunit } from '../verdict/junit.ts';
import { renderReport } from '../verdict/report/report.ts';
import type { SecondSample } from '../verdict/second.ts';
import type { Summary } from '../verdict/summary.ts';

/** Writes what a run leaves behind, beside its metrics.ndjson and logs. @returns the report's path */
export async function writeResults(
  out: string,
  summary: Summary,
  samples: SecondSample[],
  detection: DetectionRecord,
): Promise<string> {
  const report = path.join(out, 'report.html');
  await Promise.all([
    writeFile(path.join(out, 'summary.json'), `${JSON.stringify(summary, null, 2)}\n`),
    writeFile(path.join(out, 'junit.xml'), renderJunit(summary)),
    writeFile(path.join(out, 'detection.json'), `${JSON.stringify(detection, null, 2)}\n`),
    writeFile(report, renderReport(summary, samples, detection)),
  ]);
  return report;
}

/** What was read of recorded drives, in full: which files, and which rows were repaired or rejected. */
export async function writeDrivesRecord(out: string, record: object): Promise<void> {
  await writeFile(path.join(out, 'drives.json'), `${JSON.stringify(record, null, 2)}\n`);
}
