import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LinkProxy } from '#testbed/run/link-proxy.ts';
import { Stop } from '#testbed/run/stop.ts';
import type { Part } from '#testbed/run/supervised.ts';
import type { TimelineEntry } from '#testbed/scenario/scenario.ts';
import type { Scene } from '#testbed/run/timeline/action.ts';
import { Timeline } from '#testbed/run/timeline/timeline.ts';

/** Notes in which order things happened. */
function rehearse(stop: Stop = new Stop()): { scene: Scene; events: string[] } {
  const events: string[] = [];
  const note = (event: string) => (): Promise<void> => {
    events.push(event);
    return Promise.resolve();
  };
  return {
    events,
    scene: {
      part: (name) => ({ kill: note(`kill ${name}`), start: note(`start ${name}`) }) as unknown as Part,
      proxy: (name) => ({ cut: note(`cut ${name}`), open: note(`open ${name}`) }) as unknown as LinkProxy,
      // A scene whose waits pass at once, so that order alone is tested.
      wait: (ms) => stop.wait(Math.min(ms, 1)),
      stopping: () => stop.reason !== undefined,
    },
  };
}

const cut = {
  action: 'cut',
  atMs: 0,
  forMs: 10,
  link: { from: 'edge-1', to: 'bridge', name: 'edge-1/bridge' },
  line: 1,
} as const;

test('a cut is undone, a killed part started again, and both are kept as they happened', async () => {
  const { scene, events } = rehearse();
  const kill: TimelineEntry = {
    action: 'kill',
    atMs: 0,
    targets: ['bridge'],
    target: 'bridge',
    restart: 'always',
    line: 2,
  };
  const timeline = new Timeline([cut, kill], scene, Date.now());
  await timeline.run();
  assert.deepEqual(events.toSorted(), [
    'cut edge-1/bridge',
    'kill bridge',
    'open edge-1/bridge',
    'start bridge',
  ]);
  assert.ok(events.indexOf('cut edge-1/bridge') < events.indexOf('open edge-1/bridge'));
  assert.deepEqual(timeline.faults.map(({ kind, target }) => `${kind} ${target}`).toSorted(), [
    'cut edge-1/bridge',
    'kill bridge',
  ]);
  assert.ok(timeline.faults.every((fault) => fault.endedAt !== null && fault.endedAt >= fault.at));
  assert.deepEqual(timeline.active(), []);
});

test('restart: never leaves the part down, and the fault without an end', async () => {
  const { scene, events } = rehearse();
  const kill: TimelineEntry = {
    action: 'kill',
    atMs: 0,
    targets: ['edge-1'],
    target: 'edge-1',
    restart: 'never',
    line: 1,
  };
  const timeline = new Timeline([kill], scene, Date.now());
  await timeline.run();
  assert.deepEqual(events, ['kill edge-1']);
  assert.equal(timeline.faults[0]?.endedAt, null);
});

test('a run that is stopped begins no further fault, but heals a cut link', async () => {
  const stop = new Stop();
  const { scene, events } = rehearse(stop);
  const begun = new Timeline([{ ...cut, forMs: 60_000 }], scene, Date.now()).run();
  await begun;
  stop.request('user');
  await new Timeline([cut], scene, Date.now() + 60_000).run();
  assert.deepEqual(events, ['cut edge-1/bridge', 'open edge-1/bridge']);
});

test('a part that cannot be started again fails the timeline', async () => {
  const { scene } = rehearse();
  const broken: Scene = {
    ...scene,
    part: () =>
      ({
        kill: () => Promise.resolve(),
        start: () => Promise.reject(new Error('bridge ended with exit code 106')),
      }) as unknown as Part,
  };
  const kill: TimelineEntry = {
    action: 'kill',
    atMs: 0,
    targets: ['bridge'],
    target: 'bridge',
    restart: 'always',
    line: 1,
  };
  await assert.rejects(new Timeline([kill], broken, Date.now()).run(), /exit code 106/);
});
