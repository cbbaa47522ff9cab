import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { livesOf } from './failure-sheet/lives.ts';
import { plot } from './failure-sheet/plot.ts';
import { scenes } from './failure-sheet/scenes.ts';

/**
 * Draws docs/failures/*.svg: each failure in one car, beside the same car without it. The same bytes every time, so that a
 * test can say when what is drawn is no longer what the simulator does.
 */
export function failurePictures(): Map<string, string> {
  return new Map(scenes.map((scene) => [`${scene.id}.svg`, plot(scene, livesOf(scene))]));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = fileURLToPath(new URL('../docs/failures/', import.meta.url));
  mkdirSync(folder, { recursive: true });
  for (const [name, picture] of failurePictures()) writeFileSync(path.join(folder, name), picture);
}
