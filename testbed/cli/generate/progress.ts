import { count, percent, seconds } from '../../verdict/figures.ts';

const liveEveryMs = 1000;
const plainEveryMs = 10_000;

/** How far it is: on a terminal one line that is drawn again every second, otherwise a plain line every ten seconds. */
export class Progress {
  readonly #out: NodeJS.WriteStream;
  readonly #readings: number;
  readonly #beganMs = performance.now();
  readonly #timer: NodeJS.Timeout;
  #done = 0;

  /** @param readings that will be written, nearly */
  constructor(out: NodeJS.WriteStream, readings: number) {
    this.#out = out;
    this.#readings = readings;
    this.#timer = setInterval(() => this.#draw(), out.isTTY ? liveEveryMs : plainEveryMs);
  }

  get done(): number {
    return this.#done;
  }

  /** Of all readings, never more than 1. */
  get share(): number {
    return Math.min(1, this.#done / this.#readings);
  }

  get elapsedSeconds(): number {
    return (performance.now() - this.#beganMs) / 1000;
  }

  add(readings: number): void {
    this.#done += readings;
  }

  end(): void {
    clearInterval(this.#timer);
    if (this.#out.isTTY) this.#out.write('\r\u001b[2K');
  }

  #draw(): void {
    const line = progressLine(this.#done, this.#readings, this.elapsedSeconds);
    this.#out.write(
      this.#out.isTTY ? `\r\u001b[2K${line.slice(0, (this.#out.columns || 100) - 1)}` : `${line}\n`,
    );
  }
}

/** "35 % · 126,000 of 360,000 readings · 171,000/s · 1.4 s left" */
export function progressLine(done: number, all: number, elapsedSeconds: number): string {
  const share = Math.min(1, done / all);
  const said = [percent(share), `${count(done)} of ${count(all)} readings`];
  if (done > 0 && elapsedSeconds > 0) {
    said.push(
      `${count(done / elapsedSeconds)}/s`,
      `${seconds(Math.max(0, elapsedSeconds / share - elapsedSeconds))} left`,
    );
  }
  return said.join(' · ');
}
