import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { inWords } from '#runtime/errors.ts';
import { ephemeralLow, pickPort } from '../../run/ports.ts';
import { carsWithin, type Sizing } from '../../sizing.ts';
import { inGib, ok, type Finding } from './finding.ts';

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
  if (cores >= sizing.cores)
    return ok('Cores', `${cores}, for about ${sizing.cores.toFixed(1)} in use at ${rate}`);
  return {
    subject: 'Cores',
    state: 'warns',
    found: `${cores}, and ${rate} need about ${sizing.cores.toFixed(1)}`,
    consequence: 'messages will be late, and the run may be invalid (exit code 107)',
    fix: `fewer cars: --cars ${carsWithin(cores, sizing)}`,
  };
}

export function memoryFinding(availableBytes: number, sizing: Sizing): Finding {
  const found = `${inGib(availableBytes)} available, for about ${inGib(sizing.memoryBytes)}`;
  if (availableBytes >= sizing.memoryBytes) return ok('Memory', found);
  return {
    subject: 'Memory',
    state: 'warns',
    found,
    consequence: 'the machine will swap, or the kernel will end a part (exit code 106)',
    fix: 'fewer cars (--cars N), or a Kafka elsewhere (--kafka host:port)',
  };
}

/** Node raises its own soft limit to the hard one, so the hard one counts. */
export async function descriptorsFinding(sizing: Sizing): Promise<Finding> {
  const { stdout } = await promisify(execFile)('/bin/sh', ['-c', 'ulimit -Hn']);
  return descriptorsFindingOf(
    stdout.trim() === 'unlimited' ? Number.POSITIVE_INFINITY : Number(stdout),
    sizing,
  );
}

export function descriptorsFindingOf(limit: number, sizing: Sizing): Finding {
  const needed = sizing.descriptorsPerProcess;
  const limitText = limit === Number.POSITIVE_INFINITY ? 'no limit' : limit.toLocaleString('en');
  const found = `${limitText} a process, for ${needed.toLocaleString('en')}`;
  if (limit >= needed) return ok('Descriptors', found);
  return {
    subject: 'Descriptors',
    state: 'blocks',
    found,
    consequence: 'cars above the limit cannot connect',
    fix: `ulimit -n ${needed}     (above the hard limit: as root, or nofile in /etc/security/limits.conf)`,
  };
}

export async function portsFinding(sizing: Sizing): Promise<Finding> {
  try {
    for (let n = 0; n < sizing.serverPorts; n++) await pickPort();
    return ok('Server ports', `${sizing.serverPorts} free ones below ${ephemeralLow()}`);
  } catch (error) {
    return {
      subject: 'Server ports',
      state: 'blocks',
      found: inWords(error),
      consequence: `a run needs ${sizing.serverPorts} to listen on`,
      fix: 'ss -ltnp     shows who listens',
    };
  }
}

/** Ports of outgoing connections: each car takes one towards its edge. */
export function localPortsFinding(sizing: Sizing, range = localPortRange()): Finding | undefined {
  if (!range) return undefined;
  const count = range.high - range.low + 1;
  const needed = sizing.carsPerEdge;
  const found = `${count.toLocaleString('en')} for cars to connect from (${range.low} to ${range.high}), for ${needed.toLocaleString('en')} at one edge`;
  if (count >= needed * 1.1) return ok('Local ports', found);
  return {
    subject: 'Local ports',
    state: count >= needed ? 'warns' : 'blocks',
    found,
    consequence: 'cars will not find a port to connect from',
    fix: "sysctl -w net.ipv4.ip_local_port_range='32768 65535'     (or more edges: --set edges.count=N)",
  };
}

function localPortRange(): { low: number; high: number } | undefined {
  try {
    const text = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8');
    const [low, high] = text.trim().split(/\s+/).map(Number);
    return low && high ? { low, high } : undefined;
  } catch {
    // Not Linux.
    return undefined;
  }
}
