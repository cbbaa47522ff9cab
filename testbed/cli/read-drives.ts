import { openDrives, type Drives, type DrivesRequest } from '../run/drives.ts';
import { count } from '../verdict/figures.ts';
import type { Io } from './command.ts';
import { drivesInWords } from './drives-words.ts';

const everyMs = 1000;

/**
 * Reads recorded drives, and says what was found; on a terminal also how far it is.
 * @param shown what is said of them: the place as it was given, and whether every finding is said
 */
export async function readAndSay(
  request: Omit<DrivesRequest, 'onProgress'>,
  shown: { place: string; all?: boolean },
  { stdout }: Io,
): Promise<Drives> {
  let drawnMs = performance.now();
  const onProgress: DrivesRequest['onProgress'] = ({ file, files, rows }) => {
    if (!stdout.isTTY || performance.now() - drawnMs < everyMs) return;
    drawnMs = performance.now();
    const line = `reading drives: file ${count(file)} of ${count(files)}, ${count(rows)} rows`;
    stdout.write(`\r\u001B[2K${line.slice(0, (stdout.columns || 100) - 1)}`);
  };
  const clear = (): unknown => stdout.isTTY && stdout.write('\r\u001B[2K');
  const drives = await openDrives({ ...request, onProgress }).finally(clear);
  stdout.write(drivesInWords(drives.read, { ...shown, readingsPerMessage: request.readingsPerMessage }));
  return drives;
}
