import { readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { addProfile, emptyNode } from './flame-graph/call-tree.ts';
import { flameGraph } from './flame-graph/svg.ts';

/**
 * Draws a flame graph of what `node --cpu-prof` wrote, all processes and threads of a run in one picture, those of a kind
 * laid over each other:
 *
 *     NODE_OPTIONS='--cpu-prof --cpu-prof-dir=/tmp/profiles' npm run bench:pipeline
 *     node bench/flame-graph.ts /tmp/profiles docs/performance/pipeline.svg 30
 *
 * The last argument: how many seconds before each thread's end count, so that starting up does not.
 */
const [folder, target, seconds = '30'] = process.argv.slice(2);
if (folder === undefined || target === undefined || !(Number(seconds) > 0)) {
  process.stderr.write('expected: node bench/flame-graph.ts FOLDER FILE.svg [SECONDS]\n');
  process.exit(104);
}
const tree = emptyNode('all', 'part');
for (const name of await readdir(folder))
  if (name.endsWith('.cpuprofile')) await addProfile(tree, path.join(folder, name), Number(seconds));
await writeFile(target, flameGraph(tree));
for (const part of [...tree.children.values()].toSorted((a, b) => b.totalMs - a.totalMs))
  process.stdout.write(`${part.name.padEnd(24)} ${((part.totalMs / tree.totalMs) * 100).toFixed(0)} %\n`);
