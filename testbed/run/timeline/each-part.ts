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

/** Kafka alone may take a minute to come back on a busy machine, and a bridge waits 20 s for it each time. */
const attempts = 10;
const pauseMs = 3000;

/**
 * A part may find others down that it cannot start without: it is started until it stays up, as an orchestrator would. When
 * another entry ends it meanwhile, it is that one's to start.
 * @param delayMs how long it stays down first
 */
export async function startAgain(part: Part, scene: Scene, delayMs = 0): Promise<void> {
  const { endings } = part;
  if (delayMs > 0) await scene.wait(delayMs);
  for (let attempt = 1; part.endings === endings && !scene.stopping(); attempt++) {
    try {
      return await part.start();
    } catch (error) {
      if (attempt === attempts && part.endings === endings) throw error;
    }
    await scene.wait(pauseMs);
  }
}
