import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { repository } from '#test/fleetbed.ts';
import { costOf } from '#testbed/cluster/cost.ts';
import { clusterSizeOf } from '#testbed/cluster/size.ts';

test('docs/scale-out.md says what the planner says', () => {
  const text = readFileSync(path.join(repository, 'docs/scale-out.md'), 'utf8');
  const rows = [...text.matchAll(/^\| +([\d,]+) +\|(.*)\|$/gm)];
  assert.ok(rows.length >= 4);
  for (const [, first = '', rest = ''] of rows) {
    const cars = numberIn(first);
    const size = clusterSizeOf({ cars, messageIntervalMs: 10_000, readingsPerMessage: 10, kafka: 'strimzi' });
    const options = {
      region: 'europe-west4',
      kafka: 'strimzi',
      spot: cars === 300,
      durationMs: 600_000,
    } as const;
    const dollars = costOf(size, options).reduce((sum, { dollarsPerHour }) => sum + dollarsPerHour, 0);
    const nodes = Object.values(size.pools).reduce((sum, pool) => sum + pool.nodes, 0);
    const { edges, bridges, simulators, kafka } = size;
    assert.deepEqual(rest.split('|').map(numberIn), [
      size.messagesPerSecond,
      edges.count,
      bridges.count,
      simulators.count,
      kafka.brokers,
      kafka.partitions['fleet.telemetry'],
      nodes,
      Number(dollars.toFixed(2)),
    ]);
  }
});

function numberIn(cell: string): number {
  return Number(cell.trim().replaceAll(',', ''));
}
