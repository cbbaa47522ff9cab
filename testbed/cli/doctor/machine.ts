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

export function coresFinding(cores: number, sizing: Sizing): Finding {
  const rate = `${Math.round(sizing.messagesPerSecond).toLocaleString('en')} messages/s`;
  const has = Number(cores.toFixed(1));
  if (cores >= sizing.cores)
    return ok('Cores', `${has}, for about ${sizing.cores.toFixed(1)} in use at ${rate}`);
  return {
    subject: 'Cores',
    state: 'warns',
    found: `${has}, and ${rate} need about ${sizing.cores.toFixed(1)}`,
    consequence: 'messages will be late, and the run may be invalid (exit code 107)',
    fix: `fewer cars: --cars ${carsWithin(cores, sizing)}`,
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
