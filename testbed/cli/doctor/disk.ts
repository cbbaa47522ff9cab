import { mkdtemp, open, rm, statfs, type FileHandle } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { inWords } from '#runtime/errors.ts';
import type { Sizing } from '../../sizing.ts';
import { bytes } from '../../verdict/figures.ts';
import { ok, type Finding } from './finding.ts';

/** statfs's type of a file system in memory (linux/magic.h). */
const tmpfsMagic = 0x01021994;

const syncs = 40;
/** An edge commits what came in within 20 ms together: slower than this, cars wait for the disk. */
const slowSyncMs = 20;

/** Written in one go, to see how fast the disk is. */
const writtenBytes = 32 * 1024 * 1024;
/** A disk that can do just what is needed leaves nothing for the moments when more comes. */
const spareFactor = 2;

/** The folder that outboxes and Kafka's log lie in while a run lasts. */
export async function diskFindings(sizing: Sizing, folder = os.tmpdir()): Promise<Finding[]> {
  try {
    const { bavail, bsize, type } = await statfs(folder);
    const freeBytes = bavail * bsize;
    const space = spaceFinding(freeBytes, sizing, folder);
    if (freeBytes < 2 * writtenBytes) return [space];
    return [
      space,
      speedFinding(await measureWrite(folder), sizing),
      await syncFinding(folder, type === tmpfsMagic),
    ];
  } catch (error) {
    return [
      {
        subject: 'Temp folder',
        state: 'blocks',
        found: `${folder}: ${inWords(error)}`,
        consequence: 'outboxes and Kafka’s log lie there while a run lasts',
        fix: 'TMPDIR=/a/folder/that/you/may/write fleetbed …',
      },
    ];
  }
}

export function spaceFinding(freeBytes: number, sizing: Sizing, folder: string): Finding {
  const found = `${bytes(freeBytes)} free in ${folder}, for about ${bytes(sizing.diskBytes)}`;
  if (freeBytes >= sizing.diskBytes) return ok('Disk', found);
  return {
    subject: 'Disk',
    state: 'blocks',
    found,
    consequence: 'edges and Kafka will stop when it is full',
    fix: 'TMPDIR=/a/folder/on/a/larger/disk fleetbed …, or a shorter run (--duration)',
  };
}

/** @param bytesPerSecond what the disk takes, synced */
export function speedFinding(bytesPerSecond: number, sizing: Sizing): Finding {
  const subject = 'Disk speed';
  const found = `${bytes(bytesPerSecond)}/s written, for about ${bytes(sizing.diskBytesPerSecond)}/s`;
  if (bytesPerSecond >= spareFactor * sizing.diskBytesPerSecond) return ok(subject, found);
  return {
    subject,
    state: 'warns',
    found,
    consequence: 'outboxes and Kafka will wait for the disk: latencies grow, at QoS 1 cars wait too',
    fix: 'TMPDIR=/a/folder/on/a/faster/disk fleetbed …, or fewer cars (--cars N)',
  };
}

/** Writes one file and syncs it. @returns bytes a second */
async function measureWrite(folder: string): Promise<number> {
  return await inOwnFile(folder, async (file) => {
    const block = Buffer.alloc(1024 * 1024, 1);
    const started = performance.now();
    for (let written = 0; written < writtenBytes; written += block.length) await file.write(block);
    await file.datasync();
    return (writtenBytes * 1000) / (performance.now() - started);
  });
}

async function syncFinding(folder: string, inMemory: boolean): Promise<Finding> {
  const subject = 'Disk sync';
  const { medianMs, worstMs } = await measureSync(folder);
  const found = `${medianMs.toFixed(1)} ms, at worst ${worstMs.toFixed(0)} ms`;
  if (inMemory) {
    return {
      subject,
      state: 'warns',
      found: `${found}: ${folder} lies in memory`,
      consequence:
        'what edges acknowledge would not outlive a loss of power, and fills memory while a link is cut',
      fix: 'TMPDIR=/a/folder/on/a/disk fleetbed …',
    };
  }
  if (medianMs <= slowSyncMs) return ok(subject, found);
  return {
    subject,
    state: 'warns',
    found,
    consequence:
      'at QoS 1 an edge acknowledges only what is on disk: cars will wait this long for each message',
    fix: 'TMPDIR=/a/folder/on/a/faster/disk fleetbed …',
  };
}

/** Writes and syncs as an outbox does, some dozens of times. */
async function measureSync(folder: string): Promise<{ medianMs: number; worstMs: number }> {
  return await inOwnFile(folder, async (file) => {
    const block = Buffer.alloc(4096, 1);
    const times: number[] = [];
    for (let n = 0; n < syncs; n++) {
      const started = performance.now();
      await file.write(block);
      await file.datasync();
      times.push(performance.now() - started);
    }
    times.sort((a, b) => a - b);
    return { medianMs: times[syncs / 2] ?? 0, worstMs: times.at(-1) ?? 0 };
  });
}

/** A file that is gone afterwards. */
async function inOwnFile<T>(folder: string, work: (file: FileHandle) => Promise<T>): Promise<T> {
  const own = await mkdtemp(path.join(folder, 'fleetbed-doctor-'));
  try {
    await using file = await open(path.join(own, 'sync'), 'w');
    return await work(file);
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}
