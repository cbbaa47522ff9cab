import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Line, type Rider } from '#testbed/run/link/line.ts';

/** Always has something to send. */
class Greedy implements Rider {
  sent = 0;
  readonly #line: Line;

  constructor(line: Line) {
    this.#line = line;
    line.ask(this);
  }

  send(maxBytes: number): number {
    this.sent += maxBytes;
    this.#line.ask(this);
    return maxBytes;
  }
}

test('a limited line carries its bytes a second, and gives them out evenly', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let now = 1000;
  const line = new Line(() => now);
  line.limit(64_000);
  const riders = [new Greedy(line), new Greedy(line), new Greedy(line), new Greedy(line)];
  for (let ms = 0; ms < 10_000; ms++) {
    now++;
    t.mock.timers.tick(1);
  }
  const sent = riders.map((rider) => rider.sent);
  const total = sent.reduce((sum, bytes) => sum + bytes, 0);
  assert.ok(Math.abs(total - 640_000) <= 64_000 * 0.05, `${total} bytes in 10 s at 64,000 a second`);
  assert.ok(Math.max(...sent) - Math.min(...sent) <= 64_000 * 0.05, `unevenly: ${sent.join()}`);
});

test('timers that come late cost no bandwidth, and a line that was idle saves none up', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let now = 60_000;
  const line = new Line(() => now);
  line.limit(64_000);
  now += 60_000;
  const rider = new Greedy(line);
  assert.ok(rider.sent <= 64_000 * 0.05, `${rider.sent} bytes at once after an idle minute`);
  for (let ms = 0; ms < 10_000; ms += 15) {
    now += 15;
    t.mock.timers.tick(15);
  }
  assert.ok(Math.abs(rider.sent - 640_000) <= 64_000 * 0.05, `${rider.sent} bytes in 10 s`);
});

test('jitter is around the latency and never negative', () => {
  const line = new Line();
  assert.equal(line.isSlow, false);
  line.slow(100, 50);
  const delays = Array.from({ length: 1000 }, () => line.delayMs());
  assert.ok(Math.min(...delays) >= 50 && Math.max(...delays) <= 150);
  assert.ok(Math.max(...delays) - Math.min(...delays) > 50, 'hardly any jitter');
  line.slow(10, 50);
  assert.ok(Array.from({ length: 100 }, () => line.delayMs()).every((delay) => delay >= 0));
});
