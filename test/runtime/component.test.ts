import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { finished } from 'node:stream/promises';
import test, { type TestContext } from 'node:test';

const fixture = join(import.meta.dirname, 'fixture', 'component.ts');
const limit = { timeout: 60_000 };

interface Line {
  msg: string;
  level: string;
  [field: string]: unknown;
}

/** The fixture as a process: its log lines as they come, and how it ended. */
class Sample {
  readonly child: ChildProcess;
  readonly lines: Line[] = [];
  readonly messages: unknown[] = [];
  readonly ended: Promise<{ code: number | null; stderr: string; stdout: string }>;
  #stdout = '';
  #wake: () => void = () => {};

  constructor(t: TestContext, args: string[], options: { isSupervised?: boolean } = {}) {
    const ipc = options.isSupervised ? (['ipc'] as const) : [];
    this.child = spawn(process.execPath, [fixture, ...args], {
      stdio: ['ignore', 'pipe', 'pipe', ...ipc],
      serialization: 'advanced',
    });
    let stderr = '';
    this.child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    if (this.child.stdout) {
      createInterface(this.child.stdout).on('line', (line) => {
        this.#stdout += `${line}\n`;
        if (line.startsWith('{')) this.lines.push(JSON.parse(line) as Line);
        this.#wake();
      });
    }
    this.child.on('message', (message) => {
      this.messages.push(message);
      this.#wake();
    });
    // Node emits no 'close' for a child whose channel the parent closed: exit, and the end of what it wrote.
    this.ended = Promise.all([
      once(this.child, 'exit'),
      ...[this.child.stdout, this.child.stderr].map((stream) => stream && finished(stream)),
    ]).then(([[code]]) => ({ code: code as number | null, stderr, stdout: this.#stdout }));
    void this.ended.then(() => this.#wake());
    t.after(() => this.child.kill('SIGKILL'));
  }

  /** Waits until the condition holds of what was seen so far. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      assert.equal(this.child.exitCode, null, 'it ended before');
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async untilLogged(message: string): Promise<Line> {
    const find = (): Line | undefined => this.lines.find(({ msg }) => msg === message);
    await this.until(() => find() !== undefined);
    return find() as Line;
  }

  has(message: string): boolean {
    return this.lines.some(({ msg }) => msg === message);
  }

  /** Base URL of its health endpoint. */
  async health(): Promise<string> {
    const { health } = await this.untilLogged('starting');
    return `http://${String(health)}`;
  }

  async untilReady(): Promise<void> {
    const url = await this.health();
    while (!(await fetch(`${url}/readyz`)).ok) await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test('--help tells its settings and ends with 0', limit, async (t) => {
  const { code, stdout } = await new Sample(t, ['--help']).ended;
  assert.equal(code, 0);
  assert.match(stdout, /A component for tests\.[^]*fleetbed sample[^]*--drain-timeout DURATION/);
});

test('a wrong setting ends with 104 and words', limit, async (t) => {
  const { code, stderr, stdout } = await new Sample(t, ['--log-levle', 'info']).ended;
  assert.equal(code, 104);
  assert.equal(
    stderr,
    'sample: invalid configuration of sample:\n  --log-levle: no such setting; did you mean --log-level?\n',
  );
  assert.equal(stdout, '');
});

test('a start that fails ends with 106 and words, without a stack', limit, async (t) => {
  const { code, stderr } = await new Sample(t, ['--start-with', 'user-error']).ended;
  assert.equal(code, 106);
  assert.equal(stderr, 'sample-1: the disk is on fire\n');
});

test('a port in use ends with 106 and the address', limit, async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  for (const flag of ['--port', '--health-port']) {
    const { code, stderr } = await new Sample(t, [flag, String(port)]).ended;
    assert.equal(code, 106);
    assert.match(stderr, new RegExp(`127\\.0\\.0\\.1:${port} is already in use`));
  }
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} drains it once and ends with 0`, limit, async (t) => {
    const sample = new Sample(t, []);
    await sample.untilReady();
    sample.child.kill(signal);
    const { code } = await sample.ended;
    assert.equal(code, 0);
    assert.equal(sample.lines.filter(({ msg }) => msg === 'drain called').length, 1);
    assert.equal(sample.has('not everything was drained'), false);
  });
}

test('its health endpoint serves its metrics, named', limit, async (t) => {
  const sample = new Sample(t, []);
  await sample.untilReady();
  const text = await (await fetch(`${await sample.health()}/metrics`)).text();
  assert.match(text, /^started_total\{component="sample",name="sample-1"\} 1$/m);
});

test('a drain that hangs is given up after drainTimeout, with a warning', limit, async (t) => {
  const sample = new Sample(t, ['--drain-with', 'hang', '--drain-timeout', '100ms']);
  await sample.untilReady();
  sample.child.kill('SIGTERM');
  assert.equal((await sample.ended).code, 0);
  assert.ok(sample.has('not everything was drained'));
});

test('a second signal does not wait for the drain', limit, async (t) => {
  const sample = new Sample(t, ['--drain-with', 'hang', '--drain-timeout', '1h']);
  await sample.untilReady();
  sample.child.kill('SIGTERM');
  await sample.untilLogged('drain called');
  sample.child.kill('SIGINT');
  assert.equal((await sample.ended).code, 0);
});

test('a drain that fails ends with 106', limit, async (t) => {
  const sample = new Sample(t, ['--drain-with', 'error']);
  await sample.untilReady();
  sample.child.kill('SIGTERM');
  const { code, stderr } = await sample.ended;
  assert.equal(code, 106);
  assert.equal(stderr, 'sample-1: the outbox would not close\n');
});

test('SIGTERM ends a start that hangs', limit, async (t) => {
  const sample = new Sample(t, ['--start-with', 'hang', '--drain-timeout', '100ms']);
  await sample.untilLogged('starting');
  sample.child.kill('SIGTERM');
  assert.equal((await sample.ended).code, 0);
});

test('a component that is done is drained and ends with 0', limit, async (t) => {
  const sample = new Sample(t, ['--afterwards', 'finish']);
  assert.equal((await sample.ended).code, 0);
  assert.ok(sample.has('drain called'));
});

for (const [afterwards, words] of [
  ['fail', 'Kafka is gone'],
  ['throw', 'nobody caught that'],
  ['reject', 'nobody caught this'],
] as const) {
  test(`${afterwards}: ends with 106, words on stderr and a fatal line`, limit, async (t) => {
    const sample = new Sample(t, ['--afterwards', afterwards]);
    const { code, stderr } = await sample.ended;
    assert.equal(code, 106);
    assert.equal(stderr, `sample-1: ${words}\n`);
    assert.equal(sample.lines.find(({ msg }) => msg === words)?.level, 'fatal');
  });
}

test('supervised, it says once that it is ready, and when the channel ends it drains', limit, async (t) => {
  const sample = new Sample(t, [], { isSupervised: true });
  await sample.until(() => sample.messages.length > 0);
  sample.child.disconnect();
  assert.equal((await sample.ended).code, 0);
  assert.deepEqual(sample.messages, [{ type: 'ready' }]);
  assert.ok(sample.has('drain called'));
});

test('supervised, it leaves Ctrl-C to the testbed', limit, async (t) => {
  const sample = new Sample(t, [], { isSupervised: true });
  await sample.until(() => sample.messages.length > 0);
  sample.child.kill('SIGINT');
  const response = await fetch(`${await sample.health()}/readyz`);
  assert.equal(response.status, 200);
  sample.child.kill('SIGTERM');
  assert.equal((await sample.ended).code, 0);
});

test('a component that says it is not ready yet is not ready by having started', limit, async (t) => {
  const sample = new Sample(t, ['--afterwards', 'unready-first'], { isSupervised: true });
  const url = await sample.health();
  let body = 'starting\n';
  while (body === 'starting\n') body = await (await fetch(`${url}/readyz`)).text();
  assert.equal(body, 'waiting for the second signal of spring\n');
  assert.deepEqual(sample.messages, []);
  sample.child.kill('SIGUSR2');
  await sample.until(() => sample.messages.length > 0);
  assert.equal((await fetch(`${url}/readyz`)).status, 200);
  sample.child.kill('SIGTERM');
  await sample.ended;
  assert.deepEqual(sample.messages, [{ type: 'ready' }], 'said once, though it was ready twice');
});
