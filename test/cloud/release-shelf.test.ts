import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { counterOf, ReleaseShelf } from '#cloud/release-shelf.ts';
import { chunkKey, chunksOf, manifestKey } from '#contract/release.ts';
import { sampleRelease } from '#test/contract/releases.ts';

const releases = [1, 2].map((counter) => sampleRelease({ counter }, Buffer.alloc(300_000, counter)));

/** Every record that writing and withdrawing these may bring. */
const records = releases.flatMap(({ artefact, manifest, bytes }) => {
  const parts = chunksOf(artefact).map((chunk, n) => ({
    key: chunkKey('run1', manifest.id, n),
    value: chunk,
  }));
  const all = [...parts, { key: manifestKey('run1', manifest.id), value: bytes }];
  return all.flatMap(({ key, value }) => [
    { key: Buffer.from(key), value },
    { key: Buffer.from(key), value: null },
  ]);
});

test('it is all one whether and how far Kafka has compacted the topic', () => {
  const entry = fc.record({ record: fc.constantFrom(...records), isKept: fc.boolean() });
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 40 }), (log) => {
      const whole = new ReleaseShelf('run1');
      const compacted = new ReleaseShelf(null);
      const lasts = new Map(
        log.map(({ record, isKept }, at) => [record.key.toString(), { record, isKept, at }]),
      );
      for (const [at, { record, isKept }] of log.entries()) {
        whole.take(record);
        const last = lasts.get(record.key.toString()) ?? assert.fail();
        // A tombstone goes after all that it stands for; before that, what a later record stands for may or may not be gone.
        const isGone = last.record.value === null && !last.isKept;
        if (!isGone && (isKept || at === last.at)) compacted.take(record);
      }
      assert.deepEqual(compacted.entries(), whole.entries());
      for (const { manifest } of releases) {
        assert.deepEqual(
          new Set(compacted.partsOf('run1', manifest.id)),
          new Set(whole.partsOf('run1', manifest.id)),
        );
      }
    }),
  );
});

test('the counter of a release is read from its name, and 0 of any other', () => {
  assert.equal(counterOf('r12-0123456789ab'), 12);
  for (const word of ['', 'r', 'r0-0', 'r01-0', 'x1-0', 'r12', 'r1-/', 'r9999999999999999-0']) {
    assert.equal(counterOf(word), 0, word);
  }
});
