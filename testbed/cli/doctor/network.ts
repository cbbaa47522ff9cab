import { inWords } from '#runtime/errors.ts';
import { localPortRange, quickPortsRatio, read } from '../../run/machine-limits.ts';
import { ephemeralLow, pickPort } from '../../run/ports.ts';
import type { Sizing } from '../../sizing.ts';
import { ok, type Finding } from './finding.ts';

/** Connections that others on the machine make meanwhile. */
const othersConnections = 1000;

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

/** Ports of outgoing connections: each car takes one towards one of its edge's. */
export function localPortsFinding(sizing: Sizing, range = localPortRange()): Finding | undefined {
  if (!range) return undefined;
  const ports = range.high - range.low + 1;
  const needed = carsPerPort(sizing);
  const found = `${inFull(ports)} for cars to connect from (${range.low} to ${range.high}), for ${inFull(needed)} at one port of an edge`;
  if (ports * quickPortsRatio >= needed) return ok('Local ports', found);
  return {
    subject: 'Local ports',
    state: ports >= needed ? 'warns' : 'blocks',
    found,
    consequence:
      ports >= needed
        ? 'cars will take long to find a port to connect from'
        : 'cars will not find a port to connect from',
    fix: "sysctl -w net.ipv4.ip_local_port_range='32768 65535'     (or more edges: --set edges.count=N)",
  };
}

export interface TimeWaitFacts {
  /** Sockets that are in TIME_WAIT now. */
  sockets: number;
  /** 0: a port is not used again towards the same edge for 60 s; 1: it is after a second; 2: on loopback. */
  reuse: number;
}

export function timeWaitFacts(): TimeWaitFacts | undefined {
  const sockets = /^TCP:.* tw (\d+)/m.exec(read('/proc/net/sockstat') ?? '')?.[1];
  const reuse = read('/proc/sys/net/ipv4/tcp_tw_reuse');
  if (sockets === undefined || reuse === undefined) return undefined;
  return { sockets: Number(sockets), reuse: Number(reuse) };
}

/** What was closed keeps its port for a minute. A run's edges are new, so only the cars' own reconnects meet that. */
export function timeWaitFinding(
  sizing: Sizing,
  facts = timeWaitFacts(),
  range = localPortRange(),
): Finding | undefined {
  if (!facts) return undefined;
  const subject = 'TIME_WAIT';
  const found = `${inFull(facts.sockets)} sockets; ports ${facts.reuse === 0 ? 'rest for 60 s' : 'are used again after a second'}`;
  const ports = range ? range.high - range.low + 1 : Number.POSITIVE_INFINITY;
  if (facts.reuse > 0 || 2 * carsPerPort(sizing) <= ports) return ok(subject, found);
  return {
    subject,
    state: 'warns',
    found,
    consequence: `when an edge’s ${inFull(sizing.carsPerEdge)} cars lose their connections at once (storm, kill), some find no port for up to a minute`,
    fix: 'sysctl -w net.ipv4.tcp_tw_reuse=2     (1 where cars and edges are on several machines)',
  };
}

export interface ConntrackFacts {
  entries: number;
  most: number;
}

export function conntrackFacts(): ConntrackFacts | undefined {
  const entries = read('/proc/sys/net/netfilter/nf_conntrack_count');
  const most = read('/proc/sys/net/netfilter/nf_conntrack_max');
  return entries === undefined || most === undefined
    ? undefined
    : { entries: Number(entries), most: Number(most) };
}

/** A firewall that follows connections has a table for them; where it is full, packets are dropped without a word. */
export function conntrackFinding(sizing: Sizing, facts = conntrackFacts()): Finding {
  const subject = 'Conntrack';
  if (!facts) return ok(subject, 'not in use');
  const needed = sizing.cars + othersConnections;
  const found = `${inFull(facts.entries)} of ${inFull(facts.most)} entries taken, for ${inFull(needed)}`;
  if (facts.most - facts.entries >= needed) return ok(subject, found);
  return {
    subject,
    // Where no rule asks for it nothing is followed, and the count stays near zero: it may do.
    state: 'warns',
    found,
    consequence:
      'where firewall rules follow connections, cars beyond that time out (“table full, dropping packet”)',
    fix: `sysctl -w net.netfilter.nf_conntrack_max=${2 * (facts.entries + needed)}`,
  };
}

function carsPerPort({ carsPerEdge, portsPerEdge }: Sizing): number {
  return Math.ceil(carsPerEdge / portsPerEdge);
}

function inFull(number: number): string {
  return number.toLocaleString('en');
}
