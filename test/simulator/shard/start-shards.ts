import type { TestContext } from 'node:test';
import { ledgerMarksCodec, type CarMark } from '#contract/ledger-marks.ts';
import { spoiledCodec, type SpoiledMessage } from '#contract/ledger-records.ts';
import { simulatorConfig, type SimulatorConfig } from '#simulator/config.ts';
import type { FromShard, ShardReport } from '#simulator/shard/messages.ts';
import { Shards } from '#simulator/shard/shards.ts';
import { until } from '#test/until.ts';
import { fleetSecret } from '../edge.ts';

/** Shards in real worker threads, and all that they say. */
export function startShards(t: TestContext, edges: string[], changes: Record<string, unknown> = {}) {
  const config: SimulatorConfig = simulatorConfig.parse({
    health: {},
    log: {},
    run: 'run1',
    seed: 7,
    cars: 20,
    workers: 2,
    connect: { rate: 1000 },
    stages: [{ for: 3000, cars: 20 }],
    edges,
    fleetSecret,
    finishTimeout: 10_000,
    ...changes,
    // 10 readings of 1 s at a speed of 100: a message each 100 ms.
    fleet: { speedup: 100, ...(changes['fleet'] as object | undefined) },
  });
  const marks = new Map<string, CarMark>();
  /** With the marks that were there when it was told of. */
  const spoiled: (SpoiledMessage & { markedBefore: number })[] = [];
  const reports: ShardReport[][] = [];
  const heard: FromShard['type'][] = [];
  const connected: number[] = [];
  const shards = new Shards(config, (shard, message) => {
    heard.push(message.type);
    if (message.type === 'connected') connected.push(message.cars);
    else if (message.type === 'report') (reports[shard] ??= []).push(message);
    else if (message.type === 'marks') {
      const { marks: latest } = ledgerMarksCodec.decode(Buffer.from(message.bytes));
      for (const mark of latest) marks.set(mark.vin, mark);
    } else if (message.type === 'spoiled') {
      for (const one of spoiledCodec.decode(Buffer.from(message.bytes)).messages)
        spoiled.push({ ...one, markedBefore: marks.get(one.vin)?.sent ?? 0 });
    }
  });
  t.after(() => shards.close());
  const count = (type: FromShard['type']): number => heard.filter((one) => one === type).length;
  const total = (of: (report: ShardReport) => number): number =>
    reports.flat().reduce((sum, report) => sum + of(report), 0);
  return {
    config,
    shards,
    marks,
    spoiled,
    heard,
    total,
    last: (of: (report: ShardReport) => number) => reports.reduce((sum, own) => sum + of(own.at(-1)!), 0),
    connected: async () => {
      await until(() => count('connected') === config.workers, 'connected');
      return connected.reduce((sum, cars) => sum + cars, 0);
    },
    finished: () => until(() => count('finished') === config.workers, 'finished'),
  };
}
