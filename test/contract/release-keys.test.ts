import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { edgeMaySubscribe, releaseTopics } from '#contract/mqtt-topics.ts';
import {
  chunkKey,
  decodeDesired,
  encodeDesired,
  manifestKey,
  parseModelKey,
  releaseId,
} from '#contract/release.ts';

const id = releaseId(7, 'ab'.repeat(32));

describe('keys of fleet.models', () => {
  it('are read as they were written', () => {
    assert.equal(manifestKey('run1', id), 'run1/r7-abababababab/manifest');
    assert.equal(chunkKey('run1', id, 12), 'run1/r7-abababababab/chunk/12');
    assert.deepEqual(parseModelKey(manifestKey('run1', id)), { run: 'run1', release: id, part: 'manifest' });
    for (const n of [0, 1, 1023]) {
      const key = Buffer.from(chunkKey('run1', id, n));
      assert.deepEqual(parseModelKey(key), { run: 'run1', release: id, part: n });
    }
  });

  it('are nothing else', () => {
    for (const key of [
      null,
      '',
      'run1',
      'run1/edge-1',
      `run1/${id}/chunk`,
      `run1/${id}/chunk/`,
      `run1/${id}/chunk/01`,
      `run1/${id}/chunk/-1`,
      `run1/${id}/chunk/1.5`,
      `run1/${id}/chunk/1024`,
      `run1/${id}/chunk/1/2`,
      `run1/${id}/manifest/`,
      `run1/${id}/manifest\n`,
      `/${id}/manifest`,
      `run1//manifest`,
      `run 1/${id}/manifest`,
      `run1/+/manifest`,
    ]) {
      assert.equal(parseModelKey(key), null, String(key));
    }
    fc.assert(
      fc.property(fc.string(), (key) => {
        const parsed = parseModelKey(key);
        if (parsed === null) return;
        const { run, release, part } = parsed;
        assert.equal(part === 'manifest' ? manifestKey(run, release) : chunkKey(run, release, part), key);
      }),
    );
  });
});

describe('a desired release', () => {
  it('is read as it was written', () => {
    assert.deepEqual(decodeDesired(encodeDesired({ release: id })), { release: id });
    assert.equal(encodeDesired({ release: id }).toString(), '{"release":"r7-abababababab"}');
  });

  it('is none where the payload is empty or the record a tombstone', () => {
    assert.equal(decodeDesired(Buffer.alloc(0)), null);
    assert.equal(decodeDesired(null), null);
  });

  it('keeps its meaning when later versions say more', () => {
    assert.deepEqual(decodeDesired(Buffer.from(`{"release":"${id}","since":1}`)), { release: id });
  });

  it('is nothing else', () => {
    for (const text of [
      '{',
      '{}',
      'null',
      '[]',
      `"${id}"`,
      '{"release":7}',
      '{"release":""}',
      '{"release":"../x"}',
    ]) {
      assert.throws(() => decodeDesired(Buffer.from(text)), /^Error: not a desired release: /, text);
    }
    const long = Buffer.from(JSON.stringify({ release: id, more: 'x'.repeat(5000) }));
    assert.throws(() => decodeDesired(long), /^Error: not a desired release: .{1,200}$/);
  });
});

describe('topics of releases', () => {
  it('are those that an edge may subscribe to', () => {
    assert.equal(releaseTopics.manifest(id), 'releases/r7-abababababab/manifest');
    assert.equal(releaseTopics.chunk(id, 79), 'releases/r7-abababababab/chunk/79');
    assert.ok(edgeMaySubscribe('edge-1', releaseTopics.manifest(id)));
    assert.ok(edgeMaySubscribe('edge-1', releaseTopics.chunk(id, 79)));
  });
});
