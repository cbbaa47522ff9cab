import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';

/** A function in the context of its callers. */
export interface CallNode {
  name: string;
  /** Our room, the npm package, 'node', or 'V8' for what is no JavaScript. */
  room: string;
  selfMs: number;
  totalMs: number;
  children: Map<string, CallNode>;
}

/** What `node --cpu-prof` writes: samples, each the node that ran, and the microseconds between them. */
const cpuProfile = z.object({
  nodes: z.array(
    z.object({
      id: z.number(),
      callFrame: z.object({ functionName: z.string(), url: z.string() }),
      children: z.array(z.number()).optional(),
    }),
  ),
  endTime: z.number(),
  startTime: z.number(),
  samples: z.array(z.number()),
  timeDeltas: z.array(z.number()),
});
type Profile = z.infer<typeof cpuProfile>;

const root = path.join(import.meta.dirname, '../..');
/** What a thread is, by the room that most of its own code comes from; the outbox's thread has nothing else. */
const parts: Record<string, string> = {
  simulator: 'cars',
  'edge-agent': 'edges',
  bridge: 'bridge',
  cloud: 'trainer',
  testbed: 'testbed with ledger',
};
const diskThread = 'edge-agent/outbox/store.ts';

export function emptyNode(name: string, room: string): CallNode {
  return { name, room, selfMs: 0, totalMs: 0, children: new Map() };
}

/**
 * Adds a thread's profile to the tree below its part's name: the `lastSeconds` of it, without what was idle.
 * @throws where the file is no CPU profile
 */
export async function addProfile(tree: CallNode, file: string, lastSeconds: number): Promise<void> {
  const profile = cpuProfile.parse(JSON.parse(await readFile(file, 'utf8')));
  const selfMs = selfTimes(profile, profile.endTime - lastSeconds * 1e6);
  const byId = new Map(profile.nodes.map((node) => [node.id, node]));
  const part = partOf(profile, selfMs);
  const thread = childOf(tree, part, 'part');
  const add = (id: number, parent: CallNode): number => {
    const node = byId.get(id);
    if (!node || node.callFrame.functionName === '(idle)') return 0;
    const { functionName, url } = node.callFrame;
    const isRoot = functionName === '(root)';
    const into = isRoot ? parent : childOf(parent, functionName || '(anonymous)', roomOf(url));
    const own = selfMs.get(id) ?? 0;
    let total = own;
    for (const child of node.children ?? []) total += add(child, into);
    if (!isRoot) {
      into.selfMs += own;
      into.totalMs += total;
    }
    return total;
  };
  const [first] = profile.nodes;
  const totalMs = first ? add(first.id, thread) : 0;
  thread.totalMs += totalMs;
  tree.totalMs += totalMs;
}

function childOf(parent: CallNode, name: string, room: string): CallNode {
  const key = `${room}/${name}`;
  let child = parent.children.get(key);
  if (!child) parent.children.set(key, (child = emptyNode(name, room)));
  return child;
}

function selfTimes({ samples, timeDeltas, startTime }: Profile, fromUs: number): Map<number, number> {
  const selfMs = new Map<number, number>();
  let at = startTime;
  for (const [index, id] of samples.entries()) {
    const deltaUs = timeDeltas[index] ?? 0;
    at += deltaUs;
    if (at >= fromUs) selfMs.set(id, (selfMs.get(id) ?? 0) + deltaUs / 1000);
  }
  return selfMs;
}

function partOf(profile: Profile, selfMs: Map<number, number>): string {
  const byRoom = new Map<string, number>();
  let disk = 0;
  let ours = 0;
  for (const { id, callFrame } of profile.nodes) {
    const room = roomOf(callFrame.url);
    if (!(room in parts)) continue;
    const own = selfMs.get(id) ?? 0;
    ours += own;
    if (callFrame.url.endsWith(diskThread)) disk += own;
    byRoom.set(room, (byRoom.get(room) ?? 0) + own);
  }
  if (disk > ours / 2) return "edges' disk threads";
  const [first] = [...byRoom].toSorted((a, b) => b[1] - a[1]);
  return (first && parts[first[0]]) ?? 'others';
}

function roomOf(url: string): string {
  if (url === '' || url.startsWith('wasm:')) return 'V8';
  if (url.startsWith('node:')) return 'node';
  const [, dependency] = /\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url) ?? [];
  if (dependency !== undefined) return dependency;
  return path.relative(root, url.replace('file://', '')).split('/')[0] ?? '';
}
