import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { FromSimulator } from '#contract/control.ts';
import { createLog } from '#runtime/log.ts';
import { scratch } from '#test/fleetbed.ts';
import { fleetSecret, testEdge, type TestEdge } from '#test/simulator/edge.ts';
import { until } from '#test/until.ts';
import { Fleet } from '#testbed/run/fleet.ts';
import { GroundTruth } from '#testbed/run/ground-truth.ts';
import { pickPort } from '#testbed/run/ports.ts';
import { Supervised } from '#testbed/run/supervised.ts';
import { Ledger } from '#testbed/verdict/ledger.ts';
import { connectKafka, kafkaConfig } from '#wire/kafka.ts';

const simulator = fileURLToPath(new URL('../../simulator/simulator-process.ts', import.meta.url));

function sessionsAt(edge: TestEdge): Set<number> {
  return new Set([...edge.received.values()].flat().map(({ batch }) => batch.session));
}

test(
  'a killed simulator sends again when it is back, though one of its edges is down',
  { timeout: 90_000 },
  async (t) => {
    await using folder = await scratch();
    const edge = await testEdge(t);
    const log = createLog({ component: 'test', level: 'silent' });
    // Nobody fails here, so nothing is written.
    const kafka = connectKafka(kafkaConfig.parse({ brokers: [`127.0.0.1:${await pickPort()}`] }), log);
    const fleet = new Fleet(
      new Ledger({ run: 'r1' }),
      new GroundTruth(kafka, { run: 'r1', prefix: '', log }),
    );
    const flags = {
      run: 'r1',
      seed: '3',
      cars: '6',
      edges: `127.0.0.1:${edge.port},127.0.0.1:${await pickPort()}`,
      'fleet-secret': fleetSecret,
      'fleet-speedup': '50',
      stages: '[{"for":"5m","cars":6}]',
      'finish-timeout': '300ms',
    };
    const part = new Supervised({
      name: 'simulator-1',
      args: [simulator, ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value])],
      logFile: path.join(folder.dir, 'simulator-1.log'),
      readyTimeoutMs: 30_000,
      onMessage: (message) => fleet.receive('simulator-1', message as FromSimulator),
      onDeath: (error) => assert.fail(error),
    });
    fleet.add(part);
    t.after(() => part.kill());
    await part.start();
    // Cars of the edge that is not there are given up.
    await until(() => fleet.allConnected, 'the cars');
    fleet.start(Date.now() + 50);
    await until(() => edge.received.size === 3, 'messages');
    await part.kill();
    const before = sessionsAt(edge);
    await part.start();
    await until(() => sessionsAt(edge).size >= before.size + 3, 'messages of its second life');
    fleet.stop();
    await part.stop(20_000);
  },
);
