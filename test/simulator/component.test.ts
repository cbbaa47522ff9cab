import assert from 'node:assert/strict';
import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { FromSimulator, ToSimulator } from '#contract/control.ts';
import { ledgerMarksCodec } from '#contract/ledger-marks.ts';
import { spoiledCodec } from '#contract/ledger-records.ts';
import { truthCodec, type Truth } from '#contract/records.ts';
import { loadConfig } from '#runtime/config.ts';
import { parseMetrics } from '#runtime/metrics.ts';
import { fleetOf, simulatorConfig } from '#simulator/config.ts';
import { vinOf } from '#simulator/population/vin.ts';
import { until } from '#test/until.ts';
import { pickPort } from '#testbed/run/ports.ts';
import { distinct, fleetSecret, testEdge } from './edge.ts';
import { lived } from './failures/fleets.ts';

const program = fileURLToPath(new URL('simulator-process.ts', import.meta.url));

/** A simulator as the testbed starts it: a child process with a control channel. */
function supervised(t: TestContext, flags: string[]) {
  const child = fork(program, flags, { serialization: 'advanced', silent: true });
  t.after(() => void child.kill('SIGKILL'));
  const heard: (FromSimulator | { type: 'ready' })[] = [];
  child.on('message', (message) => heard.push(message as FromSimulator));
  const said = (type: string): Promise<void> => until(() => heard.some((one) => one.type === type), type);
  const exit = once(child, 'exit') as Promise<[number | null, string | null]>;
  return { child, heard, said, exit, tell: (message: ToSimulator) => child.send(message) };
}

function flagsFor(port: number, ...more: string[]): string[] {
  return [
    ...[
      '--run',
      'r1',
      '--seed',
      '3',
      '--cars',
      '6',
      '--edges',
      `127.0.0.1:${port}`,
      '--fleet-secret',
      fleetSecret,
    ],
    ...['--fleet-speedup', '100', '--stages', '[{"for":"2s","cars":6}]', '--workers', '2', ...more],
  ];
}

async function output(child: ChildProcess): Promise<string> {
  let text = '';
  child.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await once(child, 'close');
  return text;
}

test(
  'supervised: ready, connected, waits for the start, marks, finished, ends when told',
  { timeout: 60_000 },
  async (t) => {
    const edge = await testEdge(t);
    const healthPort = await pickPort();
    const simulator = supervised(t, flagsFor(edge.port, '--health-port', String(healthPort)));
    await simulator.said('ready');
    await simulator.said('connected');
    assert.equal(edge.cars.size, 6);
    assert.equal(edge.received.size, 0);
    simulator.tell({ type: 'start', at: Date.now() + 50 });
    await simulator.said('finished');
    const marks = new Map<string, number>();
    for (const message of simulator.heard) {
      if (message.type !== 'marks') continue;
      const { marks: latest, shard, qos } = ledgerMarksCodec.decode(Buffer.from(message.bytes));
      assert.match(shard, /^simulator-1-[12]$/);
      assert.equal(qos, 1);
      for (const { vin, acked } of latest) marks.set(vin, acked);
    }
    assert.equal(marks.size, 6);
    for (const [vin, acked] of marks) assert.equal(distinct(edge, vin).length, acked);
    // It stays, so that its last numbers can be read.
    const metrics = parseMetrics(await (await fetch(`http://127.0.0.1:${healthPort}/metrics`)).text());
    assert.equal(metrics.value('fleetbed_messages_sent_total'), 120);
    assert.equal(metrics.value('fleetbed_messages_acked_total'), 120);
    assert.equal(metrics.histogram('fleetbed_schedule_to_send_ms').count, 120);
    assert.equal(metrics.value('fleetbed_messages_unacked'), 0);
    simulator.child.kill('SIGTERM');
    assert.deepEqual(await simulator.exit, [0, null]);
  },
);

test(
  'the truth about failing cars is told as it becomes known, and again by a simulator that comes after a killed one',
  { timeout: 60_000 },
  async (t) => {
    const edge = await testEdge(t);
    const failures = [
      { failure: 'coolant-loss', at: '500ms', over: '90s', cars: 3, severity: 1 },
      { failure: 'sensor-stuck', at: '1s', over: '50s', cars: 1, sensor: 'massAirFlow' },
    ];
    const more = ['--fleet-start', 'warm', '--failures', JSON.stringify(failures)];
    const flags = flagsFor(edge.port, ...more, '--stages', '[{"for":"60s","cars":6}]');
    const fleet = fleetOf(loadConfig(simulatorConfig, { argv: flags, env: {}, component: 'simulate' }));
    const known = [...Array(fleet.cars).keys()].map((index) => lived(fleet, index).told);
    const truthsOf = ({ heard }: ReturnType<typeof supervised>): Truth[] =>
      heard.flatMap((one) => (one.type === 'truth' ? truthCodec.decode(Buffer.from(one.bytes)) : []));
    const first = supervised(t, flags);
    await first.said('connected');
    const at = Date.now() + 50;
    first.tell({ type: 'start', at });
    await until(() => new Set(truthsOf(first).map(({ vin }) => vin)).size === 4, 'four failing cars');
    first.child.kill('SIGKILL');
    await first.exit;
    const second = supervised(t, flags);
    await second.said('connected');
    second.tell({ type: 'start', at });
    const toldInAll = known.flat().length;
    await until(() => truthsOf(second).length === toldInAll, 'all of the truth');

    const latest = new Map(truthsOf(second).map((truth) => [truth.vin, truth]));
    let detectable = 0;
    for (let index = 0; index < fleet.cars; index++) {
      const vin = vinOf(fleet.seed, index);
      const expected = known[index]!.at(-1);
      const truth = latest.get(vin);
      assert.equal(truth === undefined, expected === undefined);
      if (!expected || !truth) continue;
      const isStuck = expected.failure.failure === 'sensor-stuck';
      const wall = (simTime: number): number => at + Math.round((simTime - fleet.simStartMs) / 100);
      assert.deepEqual(
        { ...truth, severity: expected.failure.severity },
        {
          vin,
          failure: isStuck ? 'sensor-stuck' : 'coolant-loss',
          dtc: isStuck ? 'P0101' : 'P0217',
          kind: isStuck ? 'sensor' : 'engine',
          severity: expected.failure.severity,
          onsetSim: fleet.simStartMs + (isStuck ? 100_000 : 50_000),
          detectableAtSim: expected.detectableAtSim,
          failureAtSim: fleet.simStartMs + (isStuck ? 150_000 : 140_000),
          onset: at + (isStuck ? 1000 : 500),
          detectableAt: expected.detectableAtSim === null ? null : wall(expected.detectableAtSim),
          failureAt: at + (isStuck ? 1500 : 1400),
        },
      );
      if (truth.detectableAt !== null) detectable++;
      const told = truthsOf(first).find((one) => one.vin === vin);
      assert(told && told.onset === truth.onset && told.failureAt === truth.failureAt);
    }
    assert(detectable >= 2, `${detectable} of 4 can be detected`);
  },
);

test(
  'what is spoiled on purpose is told before the marks that count it, and counted',
  { timeout: 60_000 },
  async (t) => {
    const edge = await testEdge(t);
    const healthPort = await pickPort();
    // 20 messages of each car are due, of which it holds back the 5th, the 10th and so on.
    const spoils = [{ kind: 'reorder', at: 0, for: '2s', cars: 3, every: 5 }];
    const more = ['--spoils', JSON.stringify(spoils), '--health-port', String(healthPort)];
    const simulator = supervised(t, flagsFor(edge.port, ...more));
    await simulator.said('connected');
    simulator.tell({ type: 'start', at: Date.now() + 50 });
    await simulator.said('finished');
    const sent = new Map<string, number>();
    let told = 0;
    for (const message of simulator.heard) {
      if (message.type === 'marks')
        for (const mark of ledgerMarksCodec.decode(Buffer.from(message.bytes)).marks)
          sent.set(mark.vin, mark.sent);
      if (message.type !== 'spoiled') continue;
      const { shard, messages } = spoiledCodec.decode(Buffer.from(message.bytes));
      assert.match(shard, /^simulator-1-[12]$/);
      for (const { vin, seq, kind } of messages) {
        told++;
        assert.equal(kind, 'reorder');
        assert((sent.get(vin) ?? 0) < seq);
      }
    }
    assert.equal(told, 12);
    const text = await (await fetch(`http://127.0.0.1:${healthPort}/metrics`)).text();
    assert.equal(parseMetrics(text).value('fleetbed_messages_spoiled_total', { kind: 'reorder' }), 12);
    simulator.child.kill('SIGTERM');
    assert.deepEqual(await simulator.exit, [0, null]);
  },
);

test('a testbed that dies takes the simulator with it', { timeout: 60_000 }, async (t) => {
  const edge = await testEdge(t);
  const simulator = supervised(t, flagsFor(edge.port));
  await simulator.said('connected');
  simulator.child.disconnect();
  assert.deepEqual(await simulator.exit, [0, null]);
});

test(
  'SIGTERM in the middle: what was sent is acknowledged and marked before it ends',
  { timeout: 60_000 },
  async (t) => {
    const edge = await testEdge(t);
    const simulator = supervised(t, flagsFor(edge.port, '--stages', '[{"for":"60s","cars":6}]'));
    await simulator.said('connected');
    simulator.tell({ type: 'start', at: Date.now() });
    await until(() => edge.received.size === 6, 'messages of all cars');
    simulator.child.kill('SIGTERM');
    assert.deepEqual(await simulator.exit, [0, null]);
    const last = new Map<string, { sent: number; acked: number }>();
    for (const message of simulator.heard) {
      if (message.type !== 'marks') continue;
      for (const mark of ledgerMarksCodec.decode(Buffer.from(message.bytes)).marks) last.set(mark.vin, mark);
    }
    for (const [vin, { sent, acked }] of last) {
      assert.equal(acked, sent);
      assert.equal(distinct(edge, vin).length, sent);
    }
    assert.equal(last.size, 6);
  },
);

test('alone: starts by itself, ends by itself, says its totals', { timeout: 60_000 }, async (t) => {
  const edge = await testEdge(t);
  const child = spawn(process.execPath, [program, ...flagsFor(edge.port)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => void child.kill('SIGKILL'));
  const text = await output(child);
  assert.equal(child.exitCode, 0, text);
  const lines = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const totals = lines.find((line) => line['msg'] === 'finished');
  assert.equal(totals?.['sent'], 120);
  assert.equal(totals['acked'], 120);
  assert.equal(totals['dropped'], 0);
});
