import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spoilKinds } from '#contract/ledger-records.ts';
import type { Breakable } from '#testbed/run/link/breakable.ts';
import { Stop } from '#testbed/run/stop.ts';
import type { Part } from '#testbed/run/supervised.ts';
import type { Link, TimelineEntry } from '#testbed/scenario/scenario.ts';
import type { Scene } from '#testbed/run/timeline/action.ts';
import { Timeline } from '#testbed/run/timeline/timeline.ts';

/** Notes in which order things happened. */
function rehearse(stop: Stop = new Stop()): { scene: Scene; events: string[] } {
  const events: string[] = [];
  const note = (event: string) => (): Promise<void> => {
    events.push(event);
    return Promise.resolve();
  };
  const part = (name: string): Partial<Part> => ({
    kill: note(`kill ${name}`),
    start: note(`start ${name}`),
    stop: note(`stop ${name}`),
    pause: note(`pause ${name}`),
    resume: note(`resume ${name}`),
  });
  const edge = (name: string): ReturnType<Scene['edge']> => ({
    send: (message) => void events.push(`tell ${name} ${JSON.stringify(message)}`),
    keepTelling(message) {
      events.push(`keep telling ${name} ${JSON.stringify(message())}`);
      return () => void events.push(`take back from ${name}`);
    },
  });
  const proxy = ({ name }: Link): Breakable => ({
    cut: note(`cut ${name}`),
    open: note(`open ${name}`),
    slow: (latencyMs, jitterMs) => void events.push(`slow ${name} ${latencyMs} ${jitterMs}`),
    limit: (bytesPerSecond) => void events.push(`limit ${name} ${bytesPerSecond}`),
    clear: () => void events.push(`clear ${name}`),
    reset: () => void events.push(`reset ${name}`),
  });
  return {
    events,
    scene: {
      part: (name) => part(name) as Part,
      edge,
      proxy,
      // A scene whose waits pass at once, so that order alone is tested.
      wait: (ms) => stop.wait(Math.min(ms, 1)),
      stopping: () => stop.reason !== undefined,
      stopped: stop.requested,
      giveUp: (error) => stop.request(error as Error),
    },
  };
}

const link = { from: 'edge-1', to: 'bridge', name: 'edge-1/bridge' };
const two = { targets: ['edge-1', 'edge-2'], target: 'edges/2' };

/** What a run does of one entry, and the faults that it keeps. */
async function performed(
  entry: TimelineEntry,
  stop?: Stop,
): Promise<{ events: string[]; faults: string[]; active: number }> {
  const { scene, events } = rehearse(stop);
  const timeline = new Timeline([entry], scene, Date.now());
  await timeline.run();
  const faults = timeline.faults.map(({ kind, target }) => `${kind} ${target}`);
  return { events, faults, active: timeline.active().length };
}

const cut = {
  action: 'cut',
  atMs: 0,
  forMs: 10,
  link,
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

test('a part that finds others down is started until it stays up', async () => {
  const { scene, events } = rehearse();
  let attempts = 0;
  const late: Scene = {
    ...scene,
    part: (name) => {
      const part = scene.part(name);
      const start = async (): Promise<void> => {
        attempts++;
        if (attempts < 4) throw new Error('Kafka cannot be reached');
        await part.start();
      };
      return { ...part, start };
    },
  };
  const kill: TimelineEntry = { action: 'kill', atMs: 0, ...two, restart: 'always', line: 1 };
  const timeline = new Timeline([kill], late, Date.now());
  await timeline.run();
  assert.deepEqual(events.toSorted(), ['kill edge-1', 'kill edge-2', 'start edge-1', 'start edge-2']);
  assert.notEqual(timeline.faults[0]?.endedAt, null);
});

test('a part that is ended again meanwhile is left to whoever ended it last', async () => {
  const { scene, events } = rehearse();
  let endings = 0;
  const killedTwice: Scene = {
    ...scene,
    part: (name) => {
      const part = scene.part(name);
      const kill = (): Promise<void> => {
        endings++;
        return part.kill();
      };
      // While the first entry starts it, the second one kills it, for good.
      const start = async (): Promise<void> => {
        await part.start();
        endings++;
        throw new Error('was ended by SIGKILL');
      };
      return Object.defineProperty({ ...part, kill, start }, 'endings', { get: () => endings });
    },
  };
  const kill: TimelineEntry = {
    action: 'kill',
    atMs: 0,
    targets: ['bridge'],
    target: 'bridge',
    restart: 'always',
    line: 1,
  };
  await new Timeline([kill], killedTwice, Date.now()).run();
  assert.deepEqual(events, ['kill bridge', 'start bridge']);
});

test('a part that cannot be started again ends the run, and the others are put right first', async () => {
  const stop = new Stop();
  const { scene, events } = rehearse(stop);
  const broken: Scene = {
    ...scene,
    part: (name) =>
      name === 'bridge'
        ? ({
            kill: () => Promise.resolve(),
            start: () => Promise.reject(new Error('bridge ended with exit code 106')),
          } as Partial<Part> as Part)
        : scene.part(name),
    // Only the end of the run ends a wait for the whole hour.
    wait: (ms) => stop.wait(ms === 3_600_000 ? ms : Math.min(ms, 1)),
  };
  const kill: TimelineEntry = {
    action: 'kill',
    atMs: 0,
    targets: ['bridge'],
    target: 'bridge',
    restart: 'always',
    line: 1,
  };
  const pause: TimelineEntry = { action: 'pause', atMs: 0, forMs: 3_600_000, ...two, line: 2 };
  await new Timeline([kill, pause], broken, Date.now()).run();
  assert.match(String(stop.reason), /exit code 106/);
  assert.deepEqual(events, ['pause edge-1', 'pause edge-2', 'resume edge-1', 'resume edge-2']);
});

test('paused parts are resumed', async () => {
  assert.deepEqual(await performed({ action: 'pause', atMs: 0, forMs: 10, ...two, line: 1 }), {
    events: ['pause edge-1', 'pause edge-2', 'resume edge-1', 'resume edge-2'],
    faults: ['pause edge-1', 'pause edge-2'],
    active: 0,
  });
});

test('a restart stops a part in order and starts it again', async () => {
  assert.deepEqual(await performed({ action: 'restart', atMs: 0, ...two, line: 1 }), {
    events: ['stop edge-1', 'stop edge-2', 'start edge-1', 'start edge-2'],
    faults: ['restart edge-1', 'restart edge-2'],
    active: 0,
  });
});

test('a run that is stopped does not wait for a part that drains, nor starts it', async () => {
  const stop = new Stop();
  const { scene, events } = rehearse(stop);
  const hanging: Scene = {
    ...scene,
    part: (name) =>
      ({
        ...scene.part(name),
        stop: () => {
          events.push(`stop ${name}`);
          stop.request('user');
          return new Promise<void>(() => {});
        },
      }) as Partial<Part> as Part,
  };
  const restart: TimelineEntry = {
    action: 'restart',
    atMs: 0,
    targets: ['bridge'],
    target: 'bridge',
    line: 1,
  };
  await new Timeline([restart], hanging, Date.now()).run();
  assert.deepEqual(events, ['stop bridge']);
});

test('a full disk has room again, and edges that come back meanwhile hear of it until then', async () => {
  const full = {
    action: 'disk-full',
    atMs: 0,
    forMs: 10,
    disks: two.targets,
    target: 'edges/2',
    line: 1,
  } as const;
  const told = (name: string): string[] => [
    `keep telling ${name} {"type":"disk","full":true}`,
    `take back from ${name}`,
    `tell ${name} {"type":"disk","full":false}`,
  ];
  const { events, faults, active } = await performed(full);
  for (const name of two.targets)
    assert.deepEqual(
      events.filter((event) => event.includes(name)),
      told(name),
    );
  assert.deepEqual({ faults, active }, { faults: ['disk-full edge-1', 'disk-full edge-2'], active: 0 });
});

test('a slow and a narrow link are cleared', async () => {
  const slow = { action: 'slow', atMs: 0, forMs: 10, link, latencyMs: 200, jitterMs: 50, line: 1 } as const;
  assert.deepEqual(await performed(slow), {
    events: ['slow edge-1/bridge 200 50', 'clear edge-1/bridge'],
    faults: ['slow edge-1/bridge'],
    active: 0,
  });
  const narrow = { action: 'bandwidth', atMs: 0, forMs: 10, link, bytesPerSecond: 65_536, line: 1 } as const;
  assert.deepEqual(await performed(narrow), {
    events: ['limit edge-1/bridge 65536', 'clear edge-1/bridge'],
    faults: ['bandwidth edge-1/bridge'],
    active: 0,
  });
});

test('a reset is over at once; a storm is one for every edge', async () => {
  assert.deepEqual(await performed({ action: 'reset', atMs: 0, link, line: 1 }), {
    events: ['reset edge-1/bridge'],
    faults: ['reset edge-1/bridge'],
    active: 0,
  });
  const links = [1, 2].map((n) => ({ from: 'cars', to: `edge-${n}`, name: `cars/edge-${n}` }));
  assert.deepEqual(await performed({ action: 'storm', atMs: 0, links, target: 'edges/2', line: 1 }), {
    events: ['reset cars/edge-1', 'reset cars/edge-2'],
    faults: ['storm edge-1', 'storm edge-2'],
    active: 0,
  });
});

test('what cars do to their messages is done by the simulators: here it is told, from beginning to end', async () => {
  for (const action of spoilKinds) {
    const entry = { action, atMs: 0, forMs: 10, cars: 20, share: 0.1, every: 10, byMs: -60_000, line: 1 };
    const words =
      { skew: '20 cars (clock 1m behind)', 'slow-consumer': '20 cars' }[action as string] ??
      '20 cars (every 10th message)';
    assert.deepEqual(await performed(entry), { events: [], faults: [`${action} ${words}`], active: 0 });
  }
});

test('a flapping link is cut as often as its time allows, ends open, and is one fault', async () => {
  const flap = { action: 'flap', atMs: 0, forMs: 7000, link, downMs: 1000, upMs: 2000, line: 1 } as const;
  const { events, faults, active } = await performed(flap);
  assert.deepEqual(
    events,
    [1, 2, 3].flatMap(() => ['cut edge-1/bridge', 'open edge-1/bridge']),
  );
  assert.deepEqual({ faults, active }, { faults: ['flap edge-1/bridge'], active: 0 });
});

test('whatever lasts an hour is put right when the run is stopped meanwhile', async () => {
  const forMs = 3_600_000;
  const entries: [TimelineEntry, string][] = [
    [{ ...cut, forMs }, 'open edge-1/bridge'],
    [{ action: 'pause', atMs: 0, forMs, targets: ['kafka'], target: 'kafka', line: 1 }, 'resume kafka'],
    [{ action: 'slow', atMs: 0, forMs, link, latencyMs: 1, jitterMs: 0, line: 1 }, 'clear edge-1/bridge'],
    [{ action: 'bandwidth', atMs: 0, forMs, link, bytesPerSecond: 1, line: 1 }, 'clear edge-1/bridge'],
    [{ action: 'flap', atMs: 0, forMs, link, downMs: forMs, upMs: 1, line: 1 }, 'open edge-1/bridge'],
  ];
  for (const [entry, undone] of entries) {
    const stop = new Stop();
    const { scene, events } = rehearse(stop);
    const timeline = new Timeline([entry], { ...scene, wait: (ms) => stop.wait(ms) }, Date.now());
    const over = timeline.run();
    while (timeline.active().length === 0) await new Promise((resolve) => setImmediate(resolve));
    stop.request('user');
    await over;
    assert.equal(events.length, 2, events.join());
    assert.equal(events[1], undone);
    assert.deepEqual(timeline.active(), []);
  }
});
