import { RandomStream } from '#simulator/random.ts';

/** Faults drawn by a seed, as a scenario's timeline has them. The same seed gives the same text. */
export interface RandomTimeline {
  /** Lines of YAML. */
  entries: string[];
  /** A simulator that ends while its edge is away may leave messages unconfirmed. */
  endsSimulator: boolean;
}

const simulator = 'simulator-1';
const processes = ['bridge-1', 'bridge-2', 'kafka', 'edge-1', 'edge-2', simulator];
const carLinks = ['cars/edge-1', 'cars/edge-2'];
const laterLinks = ['edge-1/bridge', 'edge-2/bridge', 'bridge/kafka'];
/** Dealt like cards, so that all words come up over a few seeds. */
const processWords = ['kill', 'kill', 'pause', 'restart'];
const linkWords = ['cut', 'flap', 'bandwidth'];
const spoilWords = ['duplicate', 'reorder', 'corrupt', 'oversize', 'wrong-schema', 'skew', 'slow-consumer'];

/** @param endMs faults are over by then */
export function randomTimeline(seed: number, endMs: number): RandomTimeline {
  const random = RandomStream.of(seed, 0, 'chaos');
  const below = (n: number): number => Math.floor(random.uniform() * n);
  const shuffled = <T>(items: readonly T[]): T[] =>
    items
      .map((item): [number, T] => [random.uniform(), item])
      .toSorted(([a], [b]) => a - b)
      .map(([, item]) => item);
  const at = (): string => `at: ${1000 + below(endMs - 5000)}ms`;
  const lasting = (): string => `${at()}, for: ${1000 + below(3000)}ms`;

  // One link at each end of the way is slow all the time: a fault bites where something is in flight.
  const [carLink = '', wholeCarLink = ''] = shuffled(carLinks);
  const [laterLink = '', ...wholeLaterLinks] = shuffled(laterLinks);
  const slow = [carLink, laterLink].map(
    (link) =>
      `{ at: 500ms, for: ${endMs - 1000}ms, slow: ${link}, latency: ${50 + below(100)}ms, jitter: ${below(20)}ms }`,
  );
  const sudden = [`{ ${at()}, storm: ${carLink.slice('cars/'.length)} }`, `{ ${at()}, reset: ${laterLink} }`];

  // A process is broken once at most: how long it takes to come back is the machine's affair.
  const turns = Array.from(processWords, () => 1000 + below(endMs - 5000)).toSorted((a, b) => a - b);
  // The simulator's turn comes last: until all cars are back after it, nothing is sent.
  const targets = shuffled(processes)
    .slice(0, turns.length)
    .toSorted((a, b) => Number(a === simulator) - Number(b === simulator));
  const words = shuffled(processWords);
  const ended = targets.map((target, turn) => {
    const pause = words[turn] === 'pause' ? `, for: ${1000 + below(3000)}ms` : '';
    return `{ at: ${turns[turn]}ms${pause}, ${words[turn]}: ${target} }`;
  });

  // Before all others: an edge may be broken while its disk is full, but not begin with it while it is down.
  const disk = (): string => `{ at: 600ms, for: ${1000 + below(4000)}ms, disk-full: edge-${1 + below(2)} }`;

  // Three kinds of misbehaving cars, and a ledger that does not look for a while.
  const spoils = shuffled(spoilWords)
    .slice(0, 3)
    .map((word) => {
      const more = word === 'skew' ? ', by: -5m' : word === 'slow-consumer' ? '' : `, every: ${2 + below(4)}`;
      return `{ ${lasting()}, ${word}: ${2 + below(8)}${more} }`;
    });
  const ledger = `{ ${lasting()}, pause: ledger }`;

  const rest: Record<string, () => string> = {
    bandwidth: () => `, rate: ${16 + below(120)}KB/s`,
    flap: () => `, down: ${100 + below(500)}ms, up: ${100 + below(900)}ms`,
  };
  const broken = shuffled([wholeCarLink, ...wholeLaterLinks]).map((link, index) => {
    const word = linkWords[index] ?? 'cut';
    return `{ ${lasting()}, ${word}: ${link}${rest[word]?.() ?? ''} }`;
  });
  return {
    entries: [...slow, ...sudden, ...ended, ...broken, disk(), ...spoils, ledger],
    endsSimulator: ended.some((entry) => entry.includes(simulator) && !entry.includes('pause')),
  };
}
