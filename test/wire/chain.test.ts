import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Chain } from '#wire/chain.ts';

interface Item {
  n: number;
  next: Item | undefined;
}

test('a chain is as a list that is pushed, shifted and taken out of, whatever the order', () => {
  let seed = 7;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return (seed >>> 8) % below;
  };
  const chain = new Chain<Item>();
  const list: number[] = [];
  for (let n = 0; n < 5000; n++) {
    const what = random(4);
    if (what < 2) {
      chain.push({ n, next: undefined });
      list.push(n);
    } else if (what === 2) {
      chain.shift();
      list.shift();
    } else {
      // One of three is not there.
      const meant = list[random(list.length + 1 + (list.length >> 1))] ?? -1;
      const at = list.indexOf(meant);
      assert.equal(
        chain.remove((item) => item.n === meant),
        at >= 0,
      );
      if (at >= 0) list.splice(at, 1);
    }
    assert.equal(chain.first?.n, list[0]);
    assert.deepEqual(
      Array.from(chain, (item) => item.n),
      list,
    );
  }
  assert.ok(list.length > 0);
});
