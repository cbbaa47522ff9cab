import type { Part } from '../supervised.ts';
import type { Scene } from './action.ts';

/** Does the same to several parts at once. One that fails ends the run, and the others still undo what was done to them. */
export async function eachPart(
  names: readonly string[],
  scene: Scene,
  act: (part: Part, name: string) => Promise<void>,
): Promise<void> {
  await Promise.all(
    names.map((name) => act(scene.part(name), name).catch((error: unknown) => scene.giveUp(error))),
  );
}
