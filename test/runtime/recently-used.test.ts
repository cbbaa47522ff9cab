import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RecentlyUsed } from '#runtime/recently-used.ts';

test('knows the order of use as a Map does whose keys are set anew', () => {
  const step = fc.record({
    what: fc.constantFrom('use', 'use', 'use', 'takeOldest'),
    key: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const map = new Map<string, number>();
      const used = new RecentlyUsed<number>();
      for (const [n, { what, key }] of steps.entries()) {
        if (what === 'use') {
          const expected = map.get(key);
          assert.equal(used.use(key), expected);
          if (expected === undefined) assert.equal(used.add(key, n), n);
          map.delete(key);
          map.set(key, expected ?? n);
        } else {
          const [oldest] = map;
          const taken = used.takeOldest();
          assert.deepEqual(taken && [taken.key, taken.value], oldest);
          if (oldest) map.delete(oldest[0]);
        }
        assert.equal(used.size, map.size);
        assert.deepEqual([...used], [...map]);
      }
    }),
  );
});
