import assert from 'node:assert/strict';
import { access, readdir, readFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { testKafka } from '#test/kafka.ts';
import { fleetbed, readSummary, scratch, startFleetbed } from '#test/fleetbed.ts';
import type { Summary } from '#testbed/verdict/summary.ts';

const small = `
name: small
seed: 7
fleet: { profiles: { petrol: 0.6, turbo: 0.4 }, interval: 1s, readingsPerMessage: 10, qos: 1, speedup: 10 }
stages: [{ for: 12s, cars: 60 }]
edges: { count: 2 }
thresholds: { delivery.lost: "== 0", delivery.duplicated: "== 0", delivery.reordered: "== 0" }
`;

function assertAllArrived({ delivery }: Summary): void {
  assert.ok(delivery.sent > 300, `only ${delivery.sent} messages were sent`);
  assert.equal(delivery.stored, delivery.sent);
  const { lost, duplicated, reordered, unconfirmed, deadLettered } = delivery;
  assert.deepEqual(
    { lost, duplicated, reordered, unconfirmed, deadLettered },
    { lost: 0, duplicated: 0, reordered: 0, unconfirmed: 0, deadLettered: 0 },
  );
}

/** What these parts said last: a failure that is rare must tell what it was. */
async function lastLinesOf(out: string, parts: string[]): Promise<string> {
  const logs = parts.map(async (part) => {
    const log = await readFile(path.join(out, 'logs', `${part}.log`), 'utf8');
    return `== ${part}\n${log.trim().split('\n').slice(-40).join('\n')}\n`;
  });
  return (await Promise.all(logs)).join('');
}

async function workFoldersOf(run: string): Promise<string[]> {
  return (await readdir(os.tmpdir())).filter((name) => name.startsWith(`fleetbed-${run}`));
}

test(
  'a run with a cut uplink and a killed bridge ends with every message in Kafka, once and in order',
  {
    timeout: 180_000,
  },
  async () => {
    await using folder = await scratch();
    const timeline = `timeline: [{ at: 2s, for: 4s, cut: edge-1/bridge }, { at: 7s, kill: bridge }]\n`;
    const scenario = await folder.file('small.yaml', small + timeline);
    const out = path.join(folder.dir, 'out');
    const ended = await fleetbed(['run', scenario, '--out', out]);
    assert.equal(ended.code, 0, ended.stdout + ended.stderr);

    const summary = await readSummary(out);
    assertAllArrived(summary);
    assert.deepEqual(
      summary.faults.map(({ kind, target }) => `${kind} ${target}`),
      ['cut edge-1/bridge', 'kill bridge'],
    );
    assert.ok(
      summary.latency.backfillMs.count > 0,
      'the cut left no trace: nothing was stored and sent later',
    );
    assert.ok((summary.latency.backfillMs.max ?? 0) > 2000);
    assert.equal(summary.cars.connectedPeak, 60);
    for (const name of ['kafka', 'bridge', 'edge-1', 'edge-2', 'simulator-1']) {
      assert.ok((summary.resources.byProcess[name]?.cpuSeconds ?? 0) > 0, `${name} used no CPU time`);
      await access(path.join(out, 'logs', `${name}.log`));
    }
    const lines = (await readFile(path.join(out, 'metrics.ndjson'), 'utf8')).trim().split('\n');
    const times = lines.map((line) => (JSON.parse(line) as { t: number }).t);
    assert.ok(times.length >= 12);
    assert.deepEqual(
      times,
      times.toSorted((a, b) => a - b),
    );
    assert.match(await readFile(path.join(out, 'junit.xml'), 'utf8'), /testcase name="delivery.lost == 0"/);
    assert.match(await readFile(path.join(out, 'report.html'), 'utf8'), /edge-1\/bridge/);
    assert.deepEqual(await workFoldersOf(summary.run.id), [], 'the run left its work folder behind');
  },
);

test(
  'every part may be killed and every link cut: what was acknowledged is in Kafka, once and in order',
  {
    timeout: 240_000,
  },
  async () => {
    await using folder = await scratch();
    const timeline = `
timeline:
  - { at: 2s, kill: edge-1 }
  - { at: 3s, for: 2s, cut: cars/edge-2 }
  - { at: 6s, kill: kafka }
  - { at: 12s, for: 2s, cut: bridge/kafka }
  - { at: 15s, kill: simulator-1 }
`;
    const scenario = await folder.file('small.yaml', small.replace('for: 12s', 'for: 20s') + timeline);
    const out = path.join(folder.dir, 'out');
    const ended = await fleetbed(['run', scenario, '--out', out]);
    const summary = await readSummary(out);
    assert.equal(ended.code, 0, ended.stdout + ended.stderr + (await lastLinesOf(out, ['bridge', 'kafka'])));
    assert.equal(summary.faults.length, 5);
    const { sent, stored, lost, duplicated, reordered, unconfirmed } = summary.delivery;
    assert.deepEqual({ lost, duplicated, reordered }, { lost: 0, duplicated: 0, reordered: 0 });
    assert.equal(sent, stored + unconfirmed);
  },
);

test('two runs on the same Kafka, one after the other, do not mix', { timeout: 240_000 }, async () => {
  await using folder = await scratch();
  const kafka = await testKafka();
  try {
    const scenario = await folder.file('small.yaml', small);
    for (const out of ['first', 'second']) {
      const dir = path.join(folder.dir, out);
      const args = ['run', scenario, '--kafka', kafka.brokers.join(','), '--out', dir];
      const ended = await fleetbed(args);
      assert.equal(ended.code, 0, ended.stdout + ended.stderr);
      const summary = await readSummary(dir);
      assertAllArrived(summary);
      assert.equal(summary.resources.byProcess['kafka'], undefined, 'a Kafka of our own was started');
    }
  } finally {
    await kafka.stop();
  }
});

test('a threshold that fails ends with 99 and says so', { timeout: 180_000 }, async () => {
  await using folder = await scratch();
  const scenario = await folder.file('small.yaml', small.replace('12s', '3s'));
  const out = path.join(folder.dir, 'out');
  const ended = await fleetbed([
    'run',
    scenario,
    '--out',
    out,
    '--set',
    'thresholds={"delivery.stored": "> 1000000"}',
  ]);
  assert.equal(ended.code, 99, ended.stdout + ended.stderr);
  const summary = await readSummary(out);
  assert.deepEqual(
    summary.thresholds.map(({ metric, ok }) => ({ metric, ok })),
    [{ metric: 'delivery.stored', ok: false }],
  );
  assert.match(ended.stdout, /delivery\.stored/);
});

test(
  'Ctrl-C ends a run with a summary and 105, and leaves nothing behind',
  { timeout: 180_000 },
  async () => {
    await using folder = await scratch();
    const scenario = await folder.file('small.yaml', small.replace('12s', '60s'));
    const out = path.join(folder.dir, 'out');
    const run = startFleetbed(['run', scenario, '--out', out]);
    // A line every ten seconds: by then cars have sent something, and their marks have said so.
    await run.says(/\b\d\d\/60 s/);
    run.child.kill('SIGINT');
    const ended = await run.ended;
    assert.equal(ended.code, 105, ended.stdout + ended.stderr);
    const summary = await readSummary(out);
    assert.equal(summary.run.exitCode, 105);
    assert.ok(summary.delivery.sent > 0);
    assert.equal(summary.delivery.lost, 0);
    assert.deepEqual(await workFoldersOf(summary.run.id), []);
  },
);

test(
  'a run whose bridge is killed for good says what its edges still hold, and fails its threshold',
  { timeout: 180_000 },
  async () => {
    await using folder = await scratch();
    const timeline = `timeline: [{ at: 1s, kill: bridge, restart: never }]\n`;
    const scenario = await folder.file('small.yaml', small.replace('12s', '4s') + timeline);
    const out = path.join(folder.dir, 'out');
    const ended = await fleetbed(['run', scenario, '--out', out]);
    assert.equal(ended.code, 99, ended.stdout + ended.stderr);
    const { run, delivery } = await readSummary(out);
    assert.ok(delivery.lost > 0);
    assert.ok(
      run.warnings.some((warning) => /frames were still on the edges' disks/.test(warning)),
      run.warnings.join(),
    );
  },
);

test(
  'a part that dies outside the timeline ends the run with 106 and its name',
  { timeout: 180_000 },
  async () => {
    await using folder = await scratch();
    const scenario = await folder.file('small.yaml', small.replace('12s', '60s'));
    const out = path.join(folder.dir, 'out');
    const run = startFleetbed(['run', scenario, '--out', out]);
    await run.says(/\/60 s/);
    const edge = await pidOf('edge-2', run.child.pid);
    process.kill(edge, 'SIGKILL');
    const ended = await run.ended;
    assert.equal(ended.code, 106, ended.stdout + ended.stderr);
    const summary = await readSummary(out);
    assert.match(summary.run.failure ?? '', /edge-2 was ended by SIGKILL/);
  },
);

test('without Java it says what to install and ends with 106', { timeout: 60_000 }, async () => {
  await using folder = await scratch();
  const scenario = await folder.file('small.yaml', small);
  const ended = await fleetbed(['run', scenario, '--out', path.join(folder.dir, 'out')], {
    env: { PATH: folder.dir, JAVA_HOME: '' },
  });
  assert.equal(ended.code, 106, ended.stdout + ended.stderr);
  assert.match(ended.stderr, /Java/);
  assert.match(ended.stderr, /install/i);
});

/** The child of `parent` whose configuration is of this name. */
async function pidOf(name: string, parent: number | undefined): Promise<number> {
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const command = await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '');
    const status = await readFile(`/proc/${entry}/status`, 'utf8').catch(() => '');
    if (command.includes(`/${name}.yaml`) && status.includes(`PPid:\t${parent}`)) return Number(entry);
  }
  throw new Error(`no process of ${name}`);
}
