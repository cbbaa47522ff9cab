import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { connect, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { readFile, readdir } from 'node:fs/promises';
import test from 'node:test';
import { exitCodes, inWords, UserError } from '#runtime/errors.ts';

test('a port in use is said with its address', { timeout: 60_000 }, async () => {
  const first = createServer().listen(0, '127.0.0.1');
  await once(first, 'listening');
  const { port } = first.address() as AddressInfo;
  const second = createServer().listen(port, '127.0.0.1');
  const [error] = (await once(second, 'error')) as [Error];
  assert.equal(inWords(error), `127.0.0.1:${port} is already in use by another program`);
  first.close();
});

test('a refused connection is said with its address', { timeout: 60_000 }, async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  const [error] = (await once(connect(port, '127.0.0.1'), 'error')) as [Error];
  assert.equal(inWords(error), `nothing listens at 127.0.0.1:${port}`);
});

test('a missing file and a file in place of a folder are named', async () => {
  const missing = await readFile('/nowhere/at-all.yaml').catch((error: unknown) => error);
  assert.equal(inWords(missing), '/nowhere/at-all.yaml does not exist');
  const notFolder = await readdir(import.meta.filename).catch((error: unknown) => error);
  assert.equal(inWords(notFolder), `${import.meta.filename} is not a folder`);
});

test('errors of a full disk and of too few descriptors say what to do about', () => {
  const full = Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC', path: '/data/outbox.db' });
  assert.equal(inWords(full), 'the disk is full at /data/outbox.db');
  const files = Object.assign(new Error('EMFILE'), { code: 'EMFILE' });
  assert.match(inWords(files), /ulimit -n/);
});

test('every address that was tried is told once', () => {
  const refused = (address: string): Error =>
    Object.assign(new Error('x'), { code: 'ECONNREFUSED', address, port: 9092 });
  const error = new AggregateError([refused('::1'), refused('127.0.0.1'), refused('127.0.0.1')]);
  assert.equal(inWords(error), 'nothing listens at [::1]:9092; nothing listens at 127.0.0.1:9092');
});

test('other errors are given as they are', () => {
  assert.equal(inWords(new Error('the drum is broken')), 'the drum is broken');
  assert.equal(inWords(new RangeError()), 'RangeError');
  assert.equal(inWords('plain text'), 'plain text');
  assert.equal(inWords(Object.assign(new Error('own code'), { code: 'E_STRANGE' })), 'own code');
});

test('a user error carries the exit code of who can mend it', () => {
  assert.equal(new UserError('config', 'x').exitCode, exitCodes.invalidConfiguration);
  assert.equal(new UserError('component', 'x').exitCode, exitCodes.componentFailed);
});
