import { mkdtemp, open, rm, statfs } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { inWords } from '#runtime/errors.ts';
import type { Sizing } from '../../sizing.ts';
import { inGib, ok, type Finding } from './finding.ts';

/** statfs's type of a file system in memory (linux/magic.h). */
const tmpfsMagic = 0x01021994;

const syncs = 40;
/** An edge commits what came in within 20 ms together: slower than this, cars wait for the disk. */
const slowSyncMs = 20;

/** The folder that outboxes and Kafka's log lie in while a run lasts. */
export async function diskFindings(sizing: Sizing, folder = os.tmpdir()): Promise<Finding[]> {
  try {
    const { bavail, bsize, type } = await statfs(folder);
    return [spaceFinding(bavail * bsize, sizing, folder), await syncFinding(folder, type === tmpfsMagic)];
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
  const found = `${inGib(freeBytes)} free in ${folder}, for about ${inGib(sizing.diskBytes)}`;
  if (freeBytes >= sizing.diskBytes) return ok('Disk', found);
  return {
    subject: 'Disk',
    state: 'blocks',
    found,
    consequence: 'edges and Kafka will stop when it is full',
    fix: 'TMPDIR=/a/folder/on/a/larger/disk fleetbed …, or a shorter run (--duration)',
  };
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
  const own = await mkdtemp(path.join(folder, 'fleetbed-doctor-'));
  try {
    const file = await open(path.join(own, 'sync'), 'w');
    try {
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
    } finally {
      await file.close();
    }
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}
