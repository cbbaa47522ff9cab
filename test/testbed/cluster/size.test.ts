import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { topics } from '#contract/topics.ts';
import { costOf, regions } from '#testbed/cluster/cost.ts';
import { allocatableOf, machineTypes, type MachineType } from '#testbed/cluster/machines.ts';
import { carsPerProcess } from '#testbed/cluster/requests.ts';
import { clusterSizeOf, kafkaForms, type ClusterLoad, type ClusterSize } from '#testbed/cluster/size.ts';
import { maxCarsPerProcess } from '#testbed/sizing.ts';

const loads: fc.Arbitrary<ClusterLoad> = fc.record({
  cars: fc.integer({ min: 1, max: 10_000_000 }),
  messageIntervalMs: fc.constantFrom(1000, 10_000, 60_000),
  readingsPerMessage: fc.integer({ min: 1, max: 60 }),
  kafka: fc.constantFrom(...kafkaForms),
});

test('no process is given more cars than it may hold', () => {
  assert.ok(carsPerProcess < maxCarsPerProcess);
  fc.assert(
    fc.property(loads, (load) => {
      const { edges, simulators } = clusterSizeOf(load);
      assert.ok(edges.cars <= carsPerProcess && edges.count * edges.cars >= load.cars);
      assert.ok(simulators.cars <= carsPerProcess && simulators.count * simulators.cars >= load.cars);
    }),
  );
});

test('all pods of a pool fit its nodes, and each of them fits one node', () => {
  fc.assert(
    fc.property(loads, (load) => {
      const size = clusterSizeOf(load);
      holds(size.pools.edge, [
        [size.edges, size.edges.count],
        [size.bridges, size.bridges.count],
        [size.trainer, 1],
      ]);
      holds(size.pools.load, [[size.simulators, size.simulators.count]]);
      if (size.pools.kafka) holds(size.pools.kafka, [[size.kafka, size.kafka.brokers]]);
      assert.equal(size.pools.kafka === undefined, load.kafka === 'managed');
    }),
  );
});

test('more cars never need fewer of anything', () => {
  fc.assert(
    fc.property(loads, fc.integer({ min: 1, max: 10_000_000 }), (load, cars) => {
      const [fewer, more] = [Math.min(load.cars, cars), Math.max(load.cars, cars)].map((n) =>
        clusterSizeOf({ ...load, cars: n }),
      ) as [ClusterSize, ClusterSize];
      for (const part of ['edges', 'bridges', 'simulators'] as const) {
        assert.ok(more[part].count >= fewer[part].count, part);
      }
      assert.ok(more.kafka.brokers >= fewer.kafka.brokers);
      assert.ok(more.kafka.partitions['fleet.telemetry'] >= fewer.kafka.partitions['fleet.telemetry']);
    }),
  );
});

test('every topic of the contract has partitions, never fewer than the contract says', () => {
  fc.assert(
    fc.property(loads, (load) => {
      const { kafka } = clusterSizeOf(load);
      for (const { name, partitions } of topics) assert.ok(kafka.partitions[name] >= partitions, name);
      assert.deepEqual(
        Object.keys(kafka.partitions),
        topics.map(({ name }) => name),
      );
      assert.ok(kafka.minInSyncReplicas < kafka.replicas && kafka.replicas <= kafka.brokers);
    }),
  );
});

test('GKE leaves of its machines what its table says', () => {
  // cloud.google.com/kubernetes-engine/docs/concepts/plan-node-sizes, less 0.35 cores and 0.6 GiB of the cluster's own.
  const cores = allocatableOf('e2-standard-4').cores + 0.35;
  assert.ok(Math.abs(cores - 3.92) < 1e-9, String(cores));
  const memoryGib = allocatableOf('e2-standard-4').memoryBytes / 1024 ** 3 + 0.6 + 0.1;
  assert.ok(Math.abs(memoryGib - (16 - 2.6)) < 1e-9, String(memoryGib));
  for (const type of Object.keys(machineTypes) as MachineType[])
    assert.ok(allocatableOf(type).cores > 1.5, type);
});

test('a bill has no line that costs less than nothing, grows with the fleet, and is smaller on spot machines', () => {
  fc.assert(
    fc.property(loads, fc.constantFrom(...regions), (load, region) => {
      const total = (cars: number, spot: boolean): number => {
        const lines = costOf(clusterSizeOf({ ...load, cars }), {
          region,
          kafka: load.kafka,
          spot,
          durationMs: 3_600_000,
        });
        for (const { what, dollarsPerHour } of lines) assert.ok(dollarsPerHour >= 0, what);
        return lines.reduce((sum, { dollarsPerHour }) => sum + dollarsPerHour, 0);
      };
      assert.ok(total(load.cars, true) < total(load.cars, false));
      assert.ok(total(load.cars, false) <= total(load.cars * 2, false) + 1e-9);
    }),
  );
});

function holds(
  pool: { machineType: MachineType; nodes: number },
  pods: readonly (readonly [{ cores: number; memoryBytes: number }, number])[],
): void {
  const node = allocatableOf(pool.machineType);
  const sum = { cores: 0, memoryBytes: 0 };
  for (const [pod, count] of pods) {
    assert.ok(pod.cores <= node.cores && pod.memoryBytes <= node.memoryBytes, pool.machineType);
    sum.cores += pod.cores * count;
    sum.memoryBytes += pod.memoryBytes * count;
  }
  assert.ok(sum.cores <= node.cores * pool.nodes && sum.memoryBytes <= node.memoryBytes * pool.nodes);
}
