import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import os from 'node:os';
import { test } from 'node:test';
import { cpuTicks, processUsage, ResourceMeter } from '#testbed/run/resources.ts';

const skip = existsSync('/proc/self/stat') ? false : 'this system has no /proc';

test('a process that computes uses CPU time and memory, as /proc says', { skip }, () => {
  const own = process.cpuUsage();
  const usage = processUsage(process.pid);
  assert.ok(usage);
  assert.ok(Math.abs(usage.cpuSeconds - (own.user + own.system) / 1e6) < 0.5);
  assert.ok(usage.rssPeakBytes >= usage.rssBytes && usage.rssBytes > 10e6);
  assert.equal(processUsage(2 ** 22 + 1), undefined);
});

test('the lives of a part add up in CPU time, and the largest counts in memory', { skip }, async () => {
  // By CPU time, not by the clock: on a busy machine the two differ.
  const busy = `while (process.cpuUsage().user < 300_000); console.log('done'); setInterval(() => {}, 1000);`;
  const meter = new ResourceMeter();
  let alone = 0;
  for (let life = 1; life <= 2; life++) {
    const child = spawn(process.execPath, ['-e', busy]);
    await once(child.stdout, 'data');
    meter.sample(new Map([['edge-1', child.pid]]));
    if (life === 1) alone = meter.byProcess()['edge-1']?.cpuSeconds ?? 0;
    child.kill('SIGKILL');
    await once(child, 'close');
  }
  const both = meter.byProcess()['edge-1'];
  assert.ok(alone >= 0.2 && both && both.cpuSeconds > alone * 1.3, `${alone} ${both?.cpuSeconds}`);
});

test('what the host took of the CPU time is read from /proc/stat', { skip }, () => {
  const stat = 'cpu  601784 52564 201793 925842 5467 0 30584 24015 7 0\ncpu0 1 2 3 4 5 6 7 8 9 10\n';
  assert.deepEqual(cpuTicks(stat), { stolen: 24_015, total: 1_842_049 });
  assert.deepEqual(cpuTicks(''), { stolen: 0, total: 0 });
  // Of this machine: all its cores since it started, give or take what a container hides of it.
  const { stolen, total } = cpuTicks(readFileSync('/proc/stat', 'utf8'));
  assert.ok(total > 0 && stolen >= 0 && stolen < total);
  const idle = os.cpus().reduce((sum, { times }) => sum + times.idle, 0) / 10;
  assert.ok(total > idle * 0.9, `${total} ticks, ${idle} of them idle`);
  const ratio = new ResourceMeter().stolenRatio();
  assert.ok(ratio >= 0 && ratio <= 1);
});
