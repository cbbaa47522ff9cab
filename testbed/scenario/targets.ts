import { createHash } from 'node:crypto';
import { nearestWord } from '#runtime/nearest-word.ts';
import type { Link } from './scenario.ts';
import { oneOf } from './problems.ts';

/** The processes that a run of this scenario has. */
export interface Parts {
  /** undefined while the number of cars is itself a problem: any simulator may be */
  simulators: readonly string[] | undefined;
  edges: readonly string[];
}

/** Why a word is no target, in the words of a problem. */
export interface Refusal {
  expected: string;
  hint: string | undefined;
}

/**
 * The processes that a target of `kill` stands for: a name, or a share of the edges (edges/10%, at least one; the same
 * ones for the same seed).
 */
export function processesOf(target: string, parts: Parts, seed: number): string[] | Refusal {
  const simulators = parts.simulators ?? (/^simulator-\d+$/.test(target) ? [target] : ['simulator-1']);
  const names = ['bridge', 'kafka', ...parts.edges, ...simulators];
  if (names.includes(target)) return [target];
  const [, amount] = /^edges\/(\d+(?:\.\d+)?)%$/.exec(target) ?? [];
  const share = Number(amount) / 100;
  if (amount !== undefined && share > 0 && share <= 1) return shareOf(parts.edges, share, seed);
  const expected = `a process (bridge, kafka, ${range(parts.edges)} or ${range(simulators)}) or a share (edges/10%)`;
  return { expected, hint: nearestWord(target, [...names, 'edges/10%']) };
}

/** The link that a target of `cut` stands for. */
export function linkOf(target: string, parts: Parts): Link | Refusal {
  const links = parts.edges.flatMap((edge) => [link(edge, 'bridge'), link('cars', edge)]);
  links.push(link('bridge', 'kafka'));
  const found = links.find(({ name }) => name === target);
  if (found) return found;
  const backwards = links.find(({ from, to }) => `${to}/${from}` === target);
  const edges = oneOf(parts.edges.length > 3 ? [range(parts.edges)] : parts.edges);
  const expected = `a link (an edge's to the bridge: edge-1/bridge; the cars' to an edge: cars/edge-1; or bridge/kafka), edges being ${edges}`;
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

export function isRefusal(result: string[] | Link | Refusal): result is Refusal {
  return 'expected' in result;
}

function link(from: string, to: string): Link {
  return { from, to, name: `${from}/${to}` };
}

/** Ranked by a hash, so that the choice is fair and repeats. */
function shareOf(names: readonly string[], share: number, seed: number): string[] {
  const rank = (name: string): string => createHash('sha256').update(`${seed}/${name}`).digest('hex');
  const count = Math.max(1, Math.round(share * names.length));
  const ranked = names.map((name) => ({ name, rank: rank(name) })).sort((a, b) => (a.rank < b.rank ? -1 : 1));
  const chosen = new Set(ranked.slice(0, count).map(({ name }) => name));
  return names.filter((name) => chosen.has(name));
}

/** edge-1 … edge-12 */
function range(names: readonly string[]): string {
  return names.length < 3 ? names.join(', ') : `${names[0]} … ${names.at(-1)}`;
}
