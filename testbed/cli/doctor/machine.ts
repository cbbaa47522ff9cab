import { carsWithin, type Sizing } from '../../sizing.ts';
import { bytes } from '../../verdict/figures.ts';
import { ok, type Finding } from './finding.ts';

const oldestNode = 24;

export function nodeFinding(version: string): Finding {
  if (Number.parseInt(version, 10) >= oldestNode) return ok('Node', version);
  return {
    subject: 'Node',
    state: 'blocks',
    found: version,
    consequence: `fleetbed needs Node ${oldestNode} or newer, which npm puts into node_modules`,
    fix: 'npm ci, then npm run -s fleetbed -- doctor',
  };
}

/** Of the cores: beyond it what comes at once has to wait, and messages are late now and then. */
const fullShare = 0.85;
/** Slower by less is chance. Faster ones are not counted on: cores that are shared are fast for a moment. */
const evenSpeed = 1.1;

/** @param slowness see measureSlowness */
export function coresFinding(cores: number, sizing: Sizing, slowness: number): Finding {
  const rate = `${Math.round(sizing.messagesPerSecond).toLocaleString('en')} messages/s`;
  const factor = slowness < evenSpeed ? 1 : slowness;
  const speed = factor > 1 ? ` that take ${factor.toFixed(1)} times as long as usual` : '';
  const has = `${Number(cores.toFixed(1))}${speed}`;
  const needed = sizing.cores * factor;
  if (cores * fullShare >= needed)
    return ok('Cores', `${has}, for about ${needed.toFixed(1)} in use at ${rate}`);
  return {
    subject: 'Cores',
    state: 'warns',
    found: `${has}, and ${rate} need about ${needed.toFixed(1)}`,
    consequence: 'messages may be late, and the run invalid (exit code 107)',
    fix: `fewer cars: --cars ${carsWithin((cores * fullShare) / factor, sizing)}`,
  };
}

export function memoryFinding(availableBytes: number, sizing: Sizing): Finding {
  const found = `${bytes(availableBytes)} available, for about ${bytes(sizing.memoryBytes)}`;
  if (availableBytes >= sizing.memoryBytes) return ok('Memory', found);
  return {
    subject: 'Memory',
    state: 'warns',
    found,
    consequence: 'the machine will swap, or the kernel will end a part (exit code 106)',
    fix: 'fewer cars (--cars N), or a Kafka elsewhere (--kafka host:port)',
  };
}

/** @param hasBatchPolicy undefined where there is no such thing */
export function schedulingFinding(hasBatchPolicy: boolean | undefined): Finding | undefined {
  const subject = 'Scheduling';
  if (hasBatchPolicy === undefined) return undefined;
  if (hasBatchPolicy) return ok(subject, 'parts let one another finish their turn (batch policy)');
  return {
    subject,
    state: 'warns',
    found: 'chrt is missing, which sets the batch policy',
    consequence: 'parts push one another aside: on few cores the same run takes about a sixth more CPU',
    fix: 'apt-get install util-linux',
  };
}
