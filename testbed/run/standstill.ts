import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/**
 * Wakes the process when our pipe ends without the word `done`: we died, however. A process that stands still could not
 * notice that itself, and would stay for ever.
 */
const wakeUnlessDone = `read -r word; [ "$word" = done ] || kill -CONT "$1"`;

/** A child process that stands still: nothing of it is closed, and nothing of it answers. */
export class Standstill {
  readonly #child: ChildProcess;
  readonly #guard: ChildProcess;

  private constructor(child: ChildProcess, guard: ChildProcess) {
    this.#child = child;
    this.#guard = guard;
  }

  /** SIGSTOP. */
  static async of(child: ChildProcess): Promise<Standstill> {
    const guard = spawn('sh', ['-c', wakeUnlessDone, 'sh', String(child.pid)], {
      stdio: ['pipe', 'ignore', 'ignore'],
      // Out of reach of a Ctrl-C at the terminal.
      detached: true,
    });
    guard.stdin?.on('error', () => undefined);
    await once(guard, 'spawn');
    child.kill('SIGSTOP');
    return new Standstill(child, guard);
  }

  /** SIGCONT. Also when the process is gone: then it only ends the guard. */
  end(): void {
    this.#child.kill('SIGCONT');
    this.#guard.stdin?.end('done\n');
  }
}
