import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RandomStream } from '#simulator/random.ts';

const draw = (random: RandomStream, count: number): number[] =>
  Array.from({ length: count }, () => random.bits());

test('a stream is the same for the same seed, car and name, and another for any other', () => {
  const first = draw(RandomStream.of(1, 2, 'a'), 8);
  assert.deepEqual(draw(RandomStream.of(1, 2, 'a'), 8), first);
  for (const other of [RandomStream.of(2, 2, 'a'), RandomStream.of(1, 3, 'a'), RandomStream.of(1, 2, 'b')])
    assert.notDeepEqual(draw(other, 8), first);
});

test('the numbers are those of sfc32', () => {
  // Reference: PractRand's sfc32 step by step, from a state of 1, 2, 3 and counter 4.
  const random = new RandomStream();
  random.load(Int32Array.of(1, 2, 3, 4), 0);
  let [a, b, c, d] = [1n, 2n, 3n, 4n];
  const mask = 0xffffffffn;
  for (let n = 0; n < 1000; n++) {
    const sum = (a + b + d) & mask;
    d = (d + 1n) & mask;
    a = b ^ (b >> 9n);
    b = (c + (c << 3n)) & mask;
    c = ((((c << 21n) | (c >> 11n)) & mask) + sum) & mask;
    assert.equal(BigInt(random.bits() >>> 0), sum);
  }
});

test('a stored stream goes on where it was', () => {
  const random = RandomStream.of(7, 7, 'x');
  draw(random, 5);
  const words = new Int32Array(10);
  random.store(words, 3);
  const expected = draw(random, 5);
  const other = new RandomStream();
  other.load(words, 3);
  assert.deepEqual(draw(other, 5), expected);
});

test('noise has mean 0 and standard deviation 1, uniform numbers fill [0, 1)', () => {
  const random = RandomStream.of(3, 0, 'moments');
  const count = 200_000;
  let sum = 0;
  let squares = 0;
  let uniform = 0;
  for (let n = 0; n < count; n++) {
    const value = random.noise();
    sum += value;
    squares += value * value;
    const part = random.uniform();
    assert(part >= 0 && part < 1);
    uniform += part;
  }
  assert(Math.abs(sum / count) < 0.01, `mean ${sum / count}`);
  assert(Math.abs(squares / count - 1) < 0.02, `variance ${squares / count}`);
  assert(Math.abs(uniform / count - 0.5) < 0.005, `uniform mean ${uniform / count}`);
});
