import assert from 'node:assert/strict';
import { releaseTopics } from '#contract/mqtt-topics.ts';
import type { TestKafka } from '#test/kafka.ts';
import { until } from '#test/until.ts';
import { testBridge, TestEdge, type TestBridge } from './rig.ts';
import { TestCloud, type CloudRelease } from './test-cloud.ts';

/** Of one run. */
export interface Parts {
  run: string;
  cloud: TestCloud;
  bridge(over?: Record<string, unknown>): Promise<TestBridge>;
  edge(bridge: TestBridge, name?: string): TestEdge;
}

/** Names of one length: a prefix that is cut off unchecked would fit another run. */
let runs = 100;

/** Runs a story with parts of a new run, which are closed after it. */
export async function withRun(kafka: TestKafka, story: (parts: Parts) => Promise<void>): Promise<void> {
  const run = `run${++runs}`;
  const cloud = await TestCloud.open(kafka.brokers, run);
  const bridges: TestBridge[] = [];
  const edges: TestEdge[] = [];
  try {
    await story({
      run,
      cloud,
      async bridge(over) {
        const bridge = await testBridge(kafka.brokers, run, over);
        bridges.push(bridge);
        return bridge;
      },
      edge(bridge, name = 'edge-1') {
        const edge = new TestEdge(bridge.port, name);
        edges.push(edge);
        return edge;
      },
    });
  } finally {
    for (const edge of edges) edge.close();
    await Promise.all(bridges.map(async (bridge) => bridge.drain()));
    await cloud.close();
  }
}

export const topicsOf = ({ id, chunks }: Pick<CloudRelease, 'id' | 'chunks'>): string[] => [
  ...[...chunks.keys()].map((n) => releaseTopics.chunk(id, n)),
  releaseTopics.manifest(id),
];

export const releasesOut = async (bridge: TestBridge, count: number): Promise<void> =>
  until(async () => (await bridge.metric('fleetbed_bridge_releases')) === count, `${count} releases are out`);

/** Subscribes to all of a release and waits until it has it. */
export async function fetchAll(edge: TestEdge, release: CloudRelease): Promise<void> {
  edge.subscribe(...topicsOf(release));
  await until(() => topicsOf(release).every((topic) => edge.hasHeard(topic)), 'everything has come');
  assert.deepEqual(
    release.chunks.map((_, n) => edge.last(releaseTopics.chunk(release.id, n))),
    release.chunks,
  );
  assert.deepEqual(edge.last(releaseTopics.manifest(release.id)), release.bytes);
}
