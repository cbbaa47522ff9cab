import { createHash } from 'node:crypto';
import { nearestWord } from '#runtime/nearest-word.ts';
import type { Link } from './scenario.ts';
import { oneOf } from './problems.ts';

/** The processes that a run of this scenario has. */
export interface Parts {
  /** undefined while the number of cars is itself a problem: any simulator may be */
  simulators: readonly string[] | undefined;
  edges: readonly string[];
  /** bridge alone, or bridge-1, bridge-2, … */
  bridges: readonly string[];
  /** Is a model learned, so that there is a trainer? */
  trains: boolean;
}

/** Processes of which a share, a number or one at random can be drawn. */
const drawnKinds = ['edges', 'simulators', 'bridges'] as const;
type DrawnKind = (typeof drawnKinds)[number];

/** The testbed's reader of what the run writes to Kafka. */
const ledger = 'ledger';

const trainer = 'trainer';

/** Why a word is no target, in the words of a problem. */
export interface Refusal {
  expected: string;
  hint: string | undefined;
}

/**
 * The processes that a target of `kill`, `pause` or `restart` stands for: a name; all bridges (bridge); or a share, a
 * number or one of the edges, simulators or bridges (edges/10%, at least one; edges/2; edges/random).
 * @param draw what the choice hangs on: the same ones for the same text
 */
export function processesOf(target: string, parts: Parts, draw: string): string[] | Refusal {
  const simulators = parts.simulators ?? (/^simulator-\d+$/.test(target) ? [target] : ['simulator-1']);
  const alone = parts.trains ? ['kafka', trainer] : ['kafka'];
  const names = [...parts.bridges, ...alone, ...parts.edges, ...simulators];
  if (names.includes(target)) return [target];
  if (target === ledger) {
    const expected = 'a process: the ledger is part of the testbed, and can only be paused';
    return { expected, hint: `pause: ${ledger}` };
  }
  if (target === trainer) {
    const expected = 'a process that this run has: without training there is no trainer';
    return { expected, hint: 'training: {at: [30s]}' };
  }
  if (target === 'bridge') return [...parts.bridges];
  const drawn =
    drawnOf(target, 'edges', parts.edges, draw) ??
    drawnOf(target, 'simulators', parts.simulators, draw) ??
    drawnOf(target, 'bridges', parts.bridges, draw) ??
    (parts.simulators === undefined && /^simulators\/./.test(target) ? [...simulators] : undefined);
  const all = `${[range(parts.bridges), ...alone, range(parts.edges)].join(', ')} or ${range(simulators)}`;
  return (
    drawn ?? {
      expected: `a process (${all}) or some of them (edges/10%, edges/2, edges/random, simulators/…, bridges/…)`,
      hint: nearestWord(target, [...names, 'bridge', ...drawnKinds.flatMap(someOf)]),
    }
  );
}

/** What a target of `pause` stands for: processes, or the testbed's own reading of Kafka, which is none. */
export function pausableOf(target: string, parts: Parts, draw: string): string[] | Refusal {
  if (target === ledger) return [ledger];
  const found = processesOf(target, parts, draw);
  if (!isRefusal(found)) return found;
  return { expected: `${found.expected}, or ${ledger}`, hint: found.hint ?? nearestWord(target, [ledger]) };
}

/** The links that a target of `storm` stands for: between the cars and an edge, or several that are drawn. */
export function stormOf(target: string, parts: Parts, draw: string): Link[] | Refusal {
  const edges = edgesOf(target, parts, draw);
  return isRefusal(edges) ? edges : edges.map((edge) => link('cars', edge));
}

/** The edges that a target of `disk-full` stands for: one by its name, or several that are drawn. */
export function edgesOf(target: string, { edges }: Parts, draw: string): string[] | Refusal {
  if (edges.includes(target)) return [target];
  const byLink = edges.find((edge) => target === `cars/${edge}`);
  return (
    drawnOf(target, 'edges', edges, draw) ?? {
      expected: `an edge (${range(edges)}) or some of them (edges/10%, edges/2, edges/random)`,
      hint: byLink ?? nearestWord(target, [...edges, ...someOf('edges')]),
    }
  );
}

/** The link that a target of `cut`, `slow`, `bandwidth`, `reset` or `flap` stands for. */
export function linkOf(target: string, parts: Parts): Link | Refusal {
  const links = linksAmong(parts);
  const found = links.find(({ name }) => name === target);
  if (found) return found;
  const backwards = links.find(({ from, to }) => `${to}/${from}` === target);
  const edges = oneOf(parts.edges.length > 3 ? [range(parts.edges)] : parts.edges);
  const one = parts.bridges.length > 1 ? "; or one bridge's alone: edge-1/bridge-1, bridge-1/kafka" : '';
  const expected = `a link (an edge's to the bridge: edge-1/bridge; the cars' to an edge: cars/edge-1; or bridge/kafka${one}), edges being ${edges}`;
  return {
    expected,
    hint:
      backwards?.name ??
      nearestWord(
        target,
        links.map(({ name }) => name),
      ),
  };
}

export function isRefusal(result: object): result is Refusal {
  return 'expected' in result;
}

function link(from: string, to: string): Link {
  return { from, to, name: `${from}/${to}` };
}

function linksAmong({ edges, bridges }: Parts): Link[] {
  const toBridges = (edge: string): Link[] => bridges.map((bridge) => link(edge, bridge));
  const toKafka = bridges.map((bridge) => link(bridge, 'kafka'));
  return [
    ...edges.flatMap((edge) => [...withAll(link(edge, 'bridge'), toBridges(edge)), link('cars', edge)]),
    ...withAll(link('bridge', 'kafka'), toKafka),
  ];
}

/** Several links, and before them what stands for them all; one is itself. */
function withAll(all: Link, links: Link[]): Link[] {
  return links.length === 1 ? links : [{ ...all, of: links }, ...links];
}

/** @returns the names that edges/10%, edges/2 or edges/random draws; undefined where the target is none of those */
function drawnOf(
  target: string,
  kind: DrawnKind,
  names: readonly string[] | undefined,
  draw: string,
): string[] | Refusal | undefined {
  const [, of, amount] = /^([a-z]+)\/(random|\d+|\d+(?:\.\d+)?%)$/.exec(target) ?? [];
  if (names === undefined || of !== kind || amount === undefined) return undefined;
  if (amount === 'random') return ranked(names, draw).slice(0, 1);
  const number = Number.parseFloat(amount);
  const isShare = amount.endsWith('%');
  const most = isShare ? 100 : names.length;
  if (number <= 0 || number > most) {
    const expected = isShare
      ? `a share of the ${kind} above 0% and up to 100%`
      : `1 to ${most} of the ${kind}`;
    return { expected, hint: number > most ? `${kind}/${most}${isShare ? '%' : ''}` : undefined };
  }
  const count = isShare ? Math.max(1, Math.round((number / 100) * names.length)) : number;
  const chosen = new Set(ranked(names, draw).slice(0, count));
  return names.filter((name) => chosen.has(name));
}

/** By a hash, so that the choice is fair and repeats. */
function ranked(names: readonly string[], draw: string): string[] {
  const rank = (name: string): string => createHash('sha256').update(`${draw}/${name}`).digest('hex');
  return names
    .map((name) => ({ name, rank: rank(name) }))
    .sort((a, b) => (a.rank < b.rank ? -1 : 1))
    .map(({ name }) => name);
}

function someOf(kind: DrawnKind): string[] {
  return [`${kind}/10%`, `${kind}/2`, `${kind}/random`];
}

/** edge-1 … edge-12 */
function range(names: readonly string[]): string {
  return names.length < 3 ? names.join(', ') : `${names[0]} … ${names.at(-1)}`;
}
