import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Holds the table of rooms in docs/design.md: which top-level folder may import which. Looks at import and export
 * statements, dynamic imports and `new URL('./file.ts', import.meta.url)`, by alias and by relative path.
 */
const rooms: Record<string, readonly string[]> = {
  contract: [],
  model: ['contract'],
  runtime: [],
  wire: ['contract', 'runtime'],
  simulator: ['contract', 'runtime', 'wire'],
  'edge-agent': ['contract', 'model', 'runtime', 'wire'],
  bridge: ['contract', 'runtime', 'wire'],
  cloud: ['contract', 'model', 'runtime', 'wire'],
  testbed: ['contract', 'model', 'runtime', 'wire', 'simulator', 'edge-agent', 'bridge', 'cloud'],
  infra: ['contract', 'testbed/sizing.ts', 'testbed/cluster'],
};

/** Folders that nobody imports from, and that may import every room. */
const outside = new Set(['bench', 'scripts', 'test']);

/** infra is a project of its own, with its tests inside: they may import every room as test/ may. */
const testsInRooms = new Set([path.join('infra', 'test')]);

const reference =
  /(?:\b(?:import|export)\b[^;'"]*?\bfrom\s*|\bimport\s*|\bimport\s*\(\s*|new URL\(\s*)(['"`])([^'"`]+)\1/g;

export interface Breach {
  file: string;
  line: number;
  words: string;
}

/** Every breach below `root`, with places a person can open. */
export function checkRooms(root: string): Breach[] {
  return Object.keys(rooms)
    .filter((room) => existsSync(path.join(root, room)))
    .flatMap((room) => {
      const readme = path.join(room, 'README.md');
      const breaches = sources(root, room).flatMap((file) => checkFile(root, room, file));
      if (existsSync(path.join(root, readme))) return breaches;
      const words = 'a room has a README.md: what it is, its way in, its parts';
      return breaches.concat({ file: readme, line: 1, words });
    });
}

function checkFile(root: string, room: string, file: string): Breach[] {
  const text = readFileSync(path.join(root, file), 'utf8');
  return [...text.matchAll(reference)].flatMap((match) => {
    const target = targetOf(file, match[2] ?? '');
    if (target === undefined || isAllowed(room, target)) return [];
    const allowed = rooms[room]?.join(', ') || 'no other room';
    const line = text.slice(0, match.index).split('\n').length;
    return [{ file, line, words: `${room} imports ${target}; it may import ${allowed}` }];
  });
}

function isAllowed(room: string, target: string): boolean {
  const [top = ''] = target.split('/');
  if (top === room) return true;
  // package.json and the like belong to no room.
  if (!(top in rooms) && !outside.has(top)) return true;
  return (rooms[room] ?? []).some((allowed) => target === allowed || target.startsWith(`${allowed}/`));
}

/** Path from the root of what is imported; undefined for a package. */
function targetOf(file: string, specifier: string): string | undefined {
  if (specifier.startsWith('#')) return specifier.slice(1);
  if (!specifier.startsWith('.')) return undefined;
  return path.join(path.dirname(file), specifier);
}

function sources(root: string, folder: string): string[] {
  return readdirSync(path.join(root, folder)).flatMap((name) => {
    const file = path.join(folder, name);
    if (name === 'node_modules' || testsInRooms.has(file)) return [];
    if (statSync(path.join(root, file)).isDirectory()) return sources(root, file);
    return /\.[cm]?[jt]s$/.test(name) ? [file] : [];
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const breaches = checkRooms(path.dirname(import.meta.dirname));
  for (const { file, line, words } of breaches) process.stderr.write(`${file}:${line}: ${words}\n`);
  if (breaches.length > 0) process.exitCode = 1;
  else process.stdout.write('room borders hold\n');
}
