import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import type { Frame } from '#contract/frame.ts';
import { encodeOrigin, originHeader } from '#contract/origin.ts';
import { deadLetterCodec, type DeadLetter } from '#contract/records.ts';
import { decodeTelemetry, encodeTelemetry } from '#contract/telemetry.ts';
import { UserError } from '#runtime/errors.ts';
import { createLog } from '#runtime/log.ts';
import { testBridge } from '#test/edge-agent/bridge-stand-in.ts';
import { fleetSecret, identities, telemetry, tempFolder, testEdge } from '#test/edge-agent/rig.ts';
import { fleetbed } from '#test/fleetbed.ts';
import { testKafka, type TestKafka } from '#test/kafka.ts';
import { until } from '#test/until.ts';
import { deadletterCommand } from '#testbed/cli/deadletter.ts';
import { connectKafka, kafkaConfig, type Kafka } from '#wire/kafka.ts';
import { ensureTopics } from '#wire/kafka-topics.ts';

const topicPrefix = 'site.';
const red = 'WVWZZZ1JZXW000001';
const blue = 'WVWZZZ1JZXW000002';
const green = 'WVWZZZ1JZXW000003';
const noon = Date.UTC(2030, 0, 1, 12);

/** Whole, but refused once: by an edge that did not know its schema yet, say. */
const good = encodeTelemetry(telemetry(red, 7, 4));
const goodJson = Buffer.from('{"speed": [50, 51.5]}');
const badJson = Buffer.from('{"speed": 50, "sped": 1}');

type TestLetter = DeadLetter & { run: string | null };

const letters: readonly TestLetter[] = [
  letter(red, { run: 'run1', reason: 'unknown-schema', bytes: good, at: noon + 1000 }),
  letter(red, { run: 'run1', reason: 'truncated', bytes: good.subarray(0, 300), at: noon + 2000 }),
  letter(blue, { run: 'run2', source: 'edge-2', reason: 'bad-json', bytes: badJson, at: noon + 3000 }),
  letter(blue, { run: 'run2', source: 'edge-2', reason: 'bad-json', bytes: goodJson, at: noon + 4000 }),
  // Published by blue on red's topic: nobody may send it again as if it were red's.
  letter(blue, {
    run: 'run2',
    source: 'edge-2',
    reason: 'forbidden-topic',
    topic: `vehicles/${red}/telemetry`,
    bytes: encodeTelemetry(telemetry(red, 7, 5)),
    at: noon + 5000,
  }),
  letter('edge-2', {
    run: null,
    source: 'bridge',
    reason: 'bad-frame',
    detail: 'no frame \u001b[2J',
    topic: 'edges/edge-2/uplink',
    bytes: Buffer.from([0, 1, 2, 0x41]),
    at: noon,
  }),
];

function letter(key: string, over: Partial<DeadLetter> & { run: string | null }): TestLetter {
  const topic = `vehicles/${key}/telemetry`;
  const reason = 'not-telemetry';
  return { source: 'edge-1', reason, detail: 'why', topic, key, bytes: good, at: noon, ...over };
}

describe('fleetbed deadletter', { timeout: 180_000 }, () => {
  let local: TestKafka;
  let kafka: Kafka;
  let where: string[];

  before(async () => {
    local = await testKafka();
    const log = createLog({ component: 'test', level: 'silent' });
    kafka = connectKafka(kafkaConfig.parse({ brokers: local.brokers }), log);
    where = ['--kafka', local.brokers.join(','), '--topic-prefix', topicPrefix];
    await ensureTopics(kafka, { prefix: topicPrefix, given: false, tieredStorage: true });
  });
  after(async () => local.stop());

  async function send(sent: readonly (TestLetter | Buffer)[]): Promise<void> {
    const producer = kafka.producer();
    await producer.connect();
    const messages = sent.map((each) => {
      if (Buffer.isBuffer(each)) return { value: each };
      const { run, ...rest } = each;
      return { value: deadLetterCodec.encode(rest), ...(run && { headers: origin(run) }) };
    });
    await producer.send({ topic: `${topicPrefix}fleet.deadletter`, messages });
    await producer.disconnect();
  }

  it('says that there is none', async () => {
    assert.equal((await deadletter('ls', ...where)).stdout, 'No dead letter is there.\n');
    const { stdout: json } = await deadletter('ls', '--json', ...where);
    assert.deepEqual(JSON.parse(json), { letters: [], matched: 0, byReason: {} });
    const { code, stdout } = await deadletter('redrive', '--source', 'edge-1', '--dry-run', ...where);
    assert.deepEqual([code, stdout], [0, 'No letter would be sent.\n']);
  });

  it('lists them by age, the newest last, and counts them by reason', async () => {
    await send(letters);
    const { code, stdout } = await deadletter('ls', ...where);
    assert.equal(code, 0);
    const [titles, ...lines] = stdout.trim().split('\n');
    assert.match(titles ?? '', /^letter +at +source +reason +topic +bytes +detail$/);
    assert.deepEqual(
      lines.slice(0, -1).map((line) => line.split(' ')[0]),
      ['0:5', '0:0', '0:1', '0:2', '0:3', '0:4'],
    );
    assert.match(
      lines[3] ?? '',
      /^0:2 +2030-01-01T12:00:03\.000Z +edge-2 +bad-json +vehicles\/WVWZZZ1JZXW000002\/telemetry +24 B +why$/,
    );
    assert.match(lines[0] ?? '', /no frame \\u\{1b\}\[2J$/, 'no escape reaches the terminal');
    assert.equal(
      lines.at(-1),
      '6 letters: 2 bad-json, 1 unknown-schema, 1 truncated, 1 forbidden-topic, 1 bad-frame',
    );
  });

  it('lists those of one run, source and reason, the newest so many of them', async () => {
    const listed = async (...args: string[]): Promise<string[]> => {
      const { stdout } = await deadletter('ls', '--json', ...args, ...where);
      return (JSON.parse(stdout) as { letters: { letter: string }[] }).letters.map((each) => each.letter);
    };
    assert.deepEqual(await listed('--run', 'run1'), ['0:0', '0:1']);
    assert.deepEqual(await listed('--source', 'edge-2'), ['0:2', '0:3', '0:4']);
    assert.deepEqual(await listed('--source', 'edge-2', '--reason', 'bad-json'), ['0:2', '0:3']);
    assert.deepEqual(await listed('--max', '1'), ['0:4']);
    assert.deepEqual(await listed('--max', '1', '--run', 'run1'), ['0:1']);
    const { stdout } = await deadletter('ls', '--max', '2', ...where);
    assert.match(stdout, /^6 letters: .* \(the newest 2 are shown; --max N shows more\)\n$/m);
    assert.deepEqual(await listed('--run', 'run3'), []);
  });

  it('shows one letter, and what would be said of it today', async (t) => {
    const taken = await deadletter('show', '0:0', ...where);
    const facts = new Set(taken.stdout.split('\n').map((line) => line.trim().replaceAll(/ {2,}/g, ' ')));
    for (const fact of [
      '0:0',
      'at 2030-01-01T12:00:01.000Z',
      'run run1',
      'reason unknown-schema',
      `topic vehicles/${red}/telemetry`,
      `today would be taken now: Avro, 10 readings, session 7, seq 4`,
      `the bytes, the first 512 of ${good.length}:`,
    ]) {
      assert.ok(facts.has(fact), `${fact}\n${taken.stdout}`);
    }
    assert.match(taken.stdout, /^ {4}00000000 {2}c3 01 /m);
    assert.match(taken.stdout, /^ {4}000001f0 /m);
    assert.doesNotMatch(taken.stdout, /^ {4}00000200 |as text/m);

    const json = await deadletter('show', '0:2', ...where);
    assert.match(
      json.stdout,
      /today +would be refused again: bad-json, there is no field "sped"; did you mean speed\?/,
    );
    assert.ok(json.stdout.includes(`  as text:\n    ${badJson.toString()}\n`), json.stdout);
    assert.ok(
      json.stdout.includes(
        '    00000000  7b 22 73 70 65 65 64 22  3a 20 35 30 2c 20 22 73  |{"speed": 50, "s|',
      ),
    );

    const folder = await tempFolder(t);
    const out = path.join(folder, 'bytes');
    const cut = await deadletter('show', '0:1', '--json', '--out', out, ...where);
    const { bytes, today } = JSON.parse(cut.stdout) as {
      bytes: { length: number; text: null };
      today: unknown;
    };
    assert.deepEqual([bytes.length, bytes.text], [300, null]);
    assert.deepEqual(await readFile(out), letters[1]?.bytes);
    assert.equal((today as { reason: string }).reason, 'truncated');
    await refused(/--out: .* does not exist/, 'show', '0:1', '--out', path.join(folder, 'a', 'b'), ...where);

    const forbidden = await deadletter('show', '0:4', ...where);
    assert.match(forbidden.stdout, new RegExp(`refused again: forbidden-topic, ${blue} may not publish`));
    const frame = await deadletter('show', '0:5', ...where);
    assert.match(frame.stdout, /today +cannot be sent again: no car sent it/);
    assert.match(frame.stdout, /run +it does not say/);
  });

  it('sends letters again: what is right now is stored, what is not makes a new letter', async (t) => {
    const bridge = await testBridge(t);
    const edge = await testEdge(t, await tempFolder(t), {}, bridge.port);
    const to = ['--edge', `127.0.0.1:${edge.port}`];

    const dry = await deadletter('redrive', '--run', 'run2', '--dry-run', ...where);
    assert.deepEqual(dry.stdout.split('\n').slice(0, 3), [
      `0:4 left out: ${blue} may not publish to vehicles/${red}/telemetry`,
      `0:2 vehicles/${blue}/telemetry would be refused again: bad-json, there is no field "sped"; did you mean speed?`,
      `0:3 vehicles/${blue}/telemetry would be taken now: JSON, 2 readings, numbered anew by the edge`,
    ]);
    assert.match(dry.stdout, /^2 letters of 1 car would be sent\.\n1 of these would be refused again/m);

    const { code, stdout, stderr } = await deadletter('redrive', ...to, '--source', 'edge-1', ...where);
    assert.equal(stderr, '');
    assert.match(stdout, /^2 letters of 1 car sent, 2 acknowledged\.\n1 of these is refused again/);
    assert.equal(code, 0);
    const second = await deadletter(
      'redrive',
      ...to,
      '--offset',
      '0:3',
      '--offset',
      '0:2',
      '--offset',
      '0:5',
      '--json',
      ...where,
    );
    assert.equal(second.code, 0);
    const said = JSON.parse(second.stdout) as Record<string, unknown>;
    assert.deepEqual([said['sent'], said['acknowledged'], said['refusedAgain']], [2, 2, 1]);
    assert.deepEqual(said['leftOut'], [{ letter: '0:5', why: 'no car sent it' }]);

    await edge.drain();
    const stored = valuesTo(bridge.arrived, 'fleet.telemetry');
    assert.deepEqual(stored[0], good, 'the original bytes');
    assert.equal(stored.length, 2);
    assert.equal(decodeTelemetry(stored[1] ?? Buffer.alloc(0)).vin, blue);
    const again = valuesTo(bridge.arrived, 'fleet.deadletter').map((value) => deadLetterCodec.decode(value));
    assert.deepEqual(
      again.map(({ reason, key, bytes }) => ({ reason, key, bytes })),
      [
        { reason: 'truncated', key: red, bytes: letters[1]?.bytes },
        { reason: 'bad-json', key: blue, bytes: badJson },
      ],
    );
  });

  it('keeps what an edge took once from being stored twice', async (t) => {
    const bridge = await testBridge(t);
    const edge = await testEdge(t, await tempFolder(t), {}, bridge.port);
    for (let time = 0; time < 2; time++) {
      const { code } = await deadletter(
        'redrive',
        '--edge',
        `127.0.0.1:${edge.port}`,
        '--offset',
        '0:0',
        ...where,
      );
      assert.equal(code, 0);
    }
    await edge.drain();
    assert.deepEqual(identities(bridge.arrived), [`${red}/7/4`]);
  });

  it('names what an edge did not acknowledge, and why, and sends the rest', async (t) => {
    const small = letter(green, { run: 'run9', bytes: encodeTelemetry(telemetry(green, 1, 1)) });
    const large = letter(green, { run: 'run9', bytes: Buffer.alloc(3000, 1), at: noon + 1 });
    const last = letter(green, { run: 'run9', bytes: encodeTelemetry(telemetry(green, 1, 2)), at: noon + 2 });
    await send([small, large, last]);
    const bridge = await testBridge(t);
    const edge = await testEdge(t, await tempFolder(t), { maxPacketBytes: 2000 }, bridge.port);
    const { code, stdout, stderr } = await deadletter(
      'redrive',
      '--edge',
      `127.0.0.1:${edge.port}`,
      '--run',
      'run9',
      ...where,
    );
    assert.equal(code, 106);
    assert.match(stdout, /^3 letters of 1 car sent, 2 acknowledged\.\n$/);
    assert.match(stderr, /^0:7 not acknowledged: the edge at 127\.0\.0\.1:\d+ closed the connection .*\n$/);
    await until(() => identities(bridge.arrived).length === 2);
    assert.deepEqual(identities(bridge.arrived), [`${green}/1/1`, `${green}/1/2`]);
  });

  it('says it when the password is wrong or no edge is there, and ends with 106', async (t) => {
    const edge = await testEdge(t, await tempFolder(t));
    const at = `127.0.0.1:${edge.port}`;
    const args = ['redrive', '--offset', '0:0', '--offset', '0:1', ...where, '--edge'];
    const stranger = await fleetbed(['deadletter', ...args, at], {
      env: { FLEETBED_FLEET_SECRET: 'another secret' },
    });
    assert.equal(stranger.code, 106);
    assert.equal(stranger.stdout, '2 letters of 1 car sent, 0 acknowledged.\n');
    assert.match(
      stranger.stderr,
      /^0:1 not acknowledged: .* refuses the password: FLEETBED_FLEET_SECRET is not its own$/m,
    );
    await edge.drain();
    const gone = await deadletter(...args, at);
    assert.equal(gone.code, 106);
    assert.match(gone.stderr, new RegExp(`^0:0 not acknowledged: no edge can be reached at ${at}\n`));
  });

  it('names records that are no letters', async () => {
    await send([Buffer.from('rubbish of nobody')]);
    const { code, stderr } = await deadletter('ls', ...where);
    assert.equal(code, 0);
    assert.match(stderr, /^0:9: not a DeadLetter record/);
    await refused(
      /^fleetbed deadletter: 0:9 cannot be read: not a DeadLetter record/,
      'show',
      '0:9',
      ...where,
    );
  });

  it('is refused with the nearest right word, and 104', async () => {
    const wrong = async (words: RegExp, line: string): Promise<void> =>
      refused(words, ...line.split(' '), ...where);
    await refused(/^fleetbed deadletter: ls, show or redrive\?$/, ...where);
    await refused(/which Kafka\?/, 'ls');
    await refused(/expected host:port/, 'ls', '--kafka', 'nowhere');
    await wrong(/expected ls, show or redrive, got redriv; did you mean redrive\?/, 'redriv');
    await wrong(/ls takes no 0:1; did you mean fleetbed deadletter show 0:1\?/, 'ls 0:1');
    await wrong(/did you mean fleetbed deadletter redrive --offset 0:1\?/, 'redrive 0:1');
    await wrong(/ls takes no --edge; redrive does/, 'ls --edge 127.0.0.1:1');
    await wrong(/show takes no --reason; ls and redrive do/, 'show 0:1 --reason bad-json');
    await wrong(/there is no option --reson; did you mean --reason\?/, 'ls --reson x');
    await wrong(/there is no reason bad-jsn: did you mean bad-json\?/, 'ls --reason bad-jsn');
    await wrong(/--max: expected a whole number from 1, got 0/, 'ls --max 0');
    await wrong(/show which letter\?/, 'show');
    await wrong(/a letter is named PARTITION:OFFSET, such as 0:17, got 17/, 'show 17');
    await wrong(/there is no letter 0:99: fleetbed deadletter ls lists them/, 'show 0:99');
    await wrong(/there is no letter 5:0: /, 'show 5:0');
    await wrong(/which letters\?/, 'redrive --edge 127.0.0.1:1');
    await wrong(/leave out --run/, 'redrive --offset 0:1 --run run1');
    await wrong(/to which edge\?/, 'redrive --offset 0:1');
    await wrong(/--edge: expected host:port, .* got here/, 'redrive --offset 0:1 --edge here');
    await wrong(/there is no letter 0:99: /, 'redrive --offset 0:0 --offset 0:99 --edge 127.0.0.1:1');
    const to = ['--edge', '127.0.0.1:1'];
    const process = await fleetbed(['deadletter', 'redrive', '--offset', '0:1', ...to, ...where]);
    assert.equal(process.code, 104);
    assert.match(process.stderr, /set FLEETBED_FLEET_SECRET/);
  });

  it('ends with 106 when Kafka is away, or lacks the topic', async () => {
    const nowhere = ['--kafka', '127.0.0.1:1'];
    const [away, tail] = await Promise.all([
      fleetbed(['deadletter', 'ls', ...nowhere]),
      fleetbed(['tail', 'deadletter', ...nowhere]),
    ]);
    assert.equal(away.code, 106);
    assert.equal(away.stderr, tail.stderr);
    assert.match(away.stderr, /^Kafka at 127\.0\.0\.1:1: fleet\.deadletter cannot be read: /);
    await assert.rejects(
      deadletter('ls', ...where.slice(0, 2), '--topic-prefix', 'other.'),
      (error: unknown) => {
        assert.ok(error instanceof UserError);
        assert.equal(error.exitCode, 106);
        return true;
      },
    );
  });
});

function origin(run: string): Record<string, Buffer> {
  const bytes = encodeOrigin({ run, edge: 'edge-1', epoch: '00000000000000ff', number: 3, stored: false });
  return { [originHeader]: bytes };
}

function valuesTo(frames: readonly Frame[], topic: string): Buffer[] {
  return frames.flatMap(({ entries }) =>
    entries.filter(({ destination }) => destination === topic).map(({ value }) => Buffer.from(value)),
  );
}

async function deadletter(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const io = {
    stdout: new PassThrough(),
    stderr: new PassThrough(),
    env: { FLEETBED_FLEET_SECRET: fleetSecret },
  };
  const code = await deadletterCommand.run(
    args,
    io as unknown as Parameters<typeof deadletterCommand.run>[1],
  );
  const said = (stream: PassThrough): string => ((stream.read() as Buffer | null) ?? '').toString();
  return { code, stdout: said(io.stdout), stderr: said(io.stderr) };
}

async function refused(words: RegExp, ...args: string[]): Promise<void> {
  await assert.rejects(deadletter(...args), (error: unknown) => {
    assert.ok(error instanceof UserError, String(error));
    assert.equal(error.exitCode, 104, error.message);
    assert.match(error.message, words);
    return true;
  });
}
