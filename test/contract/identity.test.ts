import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import test from 'node:test';
import * as fc from 'fast-check';
import {
  clientId,
  isName,
  isVin,
  newRunId,
  ownsClientId,
  password,
  passwordMatches,
  nameInRun,
  runKey,
  transactionalId,
} from '#contract/identity.ts';

const vin = fc.stringMatching(/^[A-Z0-9]{17}$/);
const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,20}$/);

test('openssl makes the same password', () => {
  const given = { secret: 'a fleet secret', vin: 'WVWZZZ1JZ3W386752' };
  const output = execFileSync('openssl', ['dgst', '-sha256', '-hmac', given.secret], { input: given.vin });
  assert.equal(output.toString().trim().split(' ').at(-1), password(given.secret, given.vin));
});

test('a password is right for its secret and its name alone', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), vin, vin, (secret, other, one, two) => {
      const right = password(secret, one);
      assert.ok(passwordMatches(secret, one, right));
      assert.ok(passwordMatches(secret, one, Buffer.from(right)));
      assert.equal(passwordMatches(secret, two, right), one === two);
      assert.equal(passwordMatches(other, one, right), secret === other);
      assert.ok(!passwordMatches(secret, one, right.slice(1)));
      assert.ok(!passwordMatches(secret, one, `${right}0`));
    }),
  );
  for (const given of [undefined, '', Buffer.alloc(0), 'ü'.repeat(64)]) {
    assert.equal(passwordMatches('secret', 'WVWZZZ1JZ3W386752', given), false);
  }
});

test('a client id is its own name, alone or behind a run, and nobody else owns it', () => {
  fc.assert(
    fc.property(name, vin, vin, (run, one, two) => {
      assert.ok(ownsClientId(one, one));
      assert.ok(ownsClientId(one, clientId(run, one)));
      assert.equal(ownsClientId(two, clientId(run, one)), one === two);
      assert.ok(!ownsClientId(one, `${clientId(run, one)}x`));
    }),
  );
  for (const id of [
    '',
    '/',
    '/VIN01',
    'run/',
    'a/b/VIN01',
    'run//VIN01',
    'r n/VIN01',
    '-r/VIN01',
    'VIN01/VIN02',
  ]) {
    assert.equal(ownsClientId('VIN01', id), false, id);
  }
});

test('names and VINs hold nothing that could split a topic, a key or a path', () => {
  for (const text of ['edge-1', 'a', 'A_b-3', 'x'.repeat(64)]) assert.ok(isName(text), text);
  for (const text of ['', '-a', '.', '..', 'a/b', 'a b', 'a+', '#', 'a\n', 'ä', 'x'.repeat(65)]) {
    assert.ok(!isName(text), text);
  }
  for (const text of ['WVWZZZ1JZ3W386752', 'PUMP7']) assert.ok(isVin(text), text);
  for (const text of ['', 'ABCD', 'a/b/c', 'VIN 1', 'VIN01\n', '+++++', 'W'.repeat(33)]) {
    assert.ok(!isVin(text), text);
  }
});

test('run ids are names of eight characters, sort by time, and differ within one second', () => {
  const now = Date.UTC(2026, 10, 21);
  const ids = [0, 1000, 60_000, 86_400_000].map((later) => newRunId(now + later));
  assert.deepEqual(
    ids,
    ids.toSorted((a, b) => (a < b ? -1 : 1)),
  );
  for (const id of ids) assert.ok(isName(id) && id.length === 8, id);
  assert.ok(new Set(Array.from({ length: 50 }, () => newRunId(now))).size > 40);
});

test('what belongs to an edge of a run bears both names', () => {
  assert.equal(transactionalId('fleetbed/', 'r1', 'edge-1'), 'fleetbed/r1/edge-1');
  assert.equal(runKey('r1', 'edge-1'), 'r1/edge-1');
  assert.equal(nameInRun('r1', Buffer.from(runKey('r1', 'edge-1'))), 'edge-1');
  for (const key of [null, undefined, '', 'r1', 'r1/', 'r2/edge-1', 'r11/edge-1', 'r1/edge-1/x', 'r1/#']) {
    assert.equal(nameInRun('r1', key), null, String(key));
  }
});
