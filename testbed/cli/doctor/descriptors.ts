import { descriptorLimits, read } from '../../run/machine-limits.ts';
import { usualLimits, simulatorsFor, type Sizing } from '../../sizing.ts';
import { ok, type Finding } from './finding.ts';

/** What the system says of open files: limits of a process, and of all together. */
export interface DescriptorFacts {
  soft: number;
  hard: number;
  /** Of the whole machine; infinite where it does not say. */
  open: number;
  most: number;
}

export function descriptorFacts(): DescriptorFacts {
  const [open = 0, , most = Number.POSITIVE_INFINITY] = (read('/proc/sys/fs/file-nr') ?? '')
    .trim()
    .split(/\s+/)
    .filter((word) => word !== '')
    .map(Number);
  return { ...descriptorLimits(), open, most };
}

/** Node raises its own soft limit to the hard one, so the hard one counts. */
export function descriptorsFinding(sizing: Sizing, facts: DescriptorFacts): Finding {
  const subject = 'Descriptors';
  const needed = sizing.descriptorsPerProcess;
  const found = `${limitInWords(facts.hard)} a process (soft limit ${limitInWords(facts.soft)}), for ${inWords(needed)}`;
  if (facts.hard < needed) {
    return {
      subject,
      state: 'blocks',
      found,
      consequence: 'cars above the limit cannot connect',
      fix: `ulimit -n ${needed}     (above the hard limit: as root, or nofile in /etc/security/limits.conf)`,
    };
  }
  if (facts.open + sizing.descriptors > facts.most) {
    return {
      subject,
      state: 'blocks',
      found: `${inWords(facts.most)} on the whole machine, ${inWords(facts.open)} are open, for ${inWords(sizing.descriptors)}`,
      consequence: 'no process can open a file or a connection beyond that',
      fix: `sysctl -w fs.file-max=${2 * (facts.open + sizing.descriptors)}`,
    };
  }
  const usual = simulatorsFor(sizing.cars, usualLimits);
  const simulators = sizing.processes.find(({ kind }) => kind === 'simulator')?.count ?? usual;
  if (simulators > usual) {
    return {
      subject,
      state: 'warns',
      found,
      consequence: `the cars take ${simulators} simulators instead of ${usual}, each with memory of its own`,
      fix: `ulimit -n ${Math.ceil(sizing.cars / usual) + 400}     (above the hard limit: as root, or nofile in /etc/security/limits.conf)`,
    };
  }
  return ok(subject, found);
}

function limitInWords(limit: number): string {
  return limit === Number.POSITIVE_INFINITY ? 'no limit' : inWords(limit);
}

function inWords(number: number): string {
  return number.toLocaleString('en');
}
