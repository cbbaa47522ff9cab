import assert from 'node:assert/strict';
import { once } from 'node:events';
import { generateKeyPairSync } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { releaseKeys } from '#cloud/keys.ts';
import { keyIdOf } from '#contract/release.ts';
import { UserError } from '#runtime/errors.ts';
import { scratch } from '#test/fleetbed.ts';
import type { Race } from './keys-worker.ts';

const worker = new URL('keys-worker.ts', import.meta.url);

describe('release keys', () => {
  it('are made at first use, private, and are the same from then on', async () => {
    await using folder = await scratch();
    const dir = path.join(folder.dir, 'not', 'there');
    const keys = releaseKeys(dir);
    assert.equal(keys.publicKeyFile, path.join(dir, 'release-key.pub.pem'));
    assert.equal((await stat(path.join(dir, 'release-key.pem'))).mode & 0o777, 0o600);
    assert.match(await readFile(keys.publicKeyFile, 'utf8'), /^-----BEGIN PUBLIC KEY-----\n/);
    assert.equal(keys.privateKey.asymmetricKeyType, 'ed25519');
    assert.equal(keys.keyId, keyIdOf(keys.privateKey));
    const again = releaseKeys(dir);
    assert.ok(again.privateKey.equals(keys.privateKey));
    assert.ok(again.publicKey.equals(keys.publicKey));
    assert.deepEqual(await readdir(dir), ['release-key.pem', 'release-key.pub.pem']);
  });

  it('get their public half back when its file was lost', async () => {
    await using folder = await scratch();
    const { publicKeyFile, publicKey } = releaseKeys(folder.dir);
    await rm(publicKeyFile);
    assert.ok(releaseKeys(folder.dir).publicKey.equals(publicKey));
    assert.ok((await readFile(publicKeyFile, 'utf8')).includes('PUBLIC KEY'));
  });

  it('are the same for all that make them at once', { timeout: 60_000 }, async () => {
    await using folder = await scratch();
    const race: Race = {
      dir: folder.dir,
      rounds: 40,
      workers: 2,
      arrived: new Int32Array(new SharedArrayBuffer(4)),
    };
    const keyIds = await Promise.all(
      Array.from({ length: race.workers }, async () => {
        const [ids] = (await once(new Worker(worker, { workerData: race }), 'message')) as [string[]];
        return ids;
      }),
    );
    assert.equal(keyIds[0]?.length, race.rounds);
    assert.deepEqual(keyIds[1], keyIds[0]);
    for (const name of await readdir(folder.dir)) {
      assert.deepEqual(await readdir(path.join(folder.dir, name)), [
        'release-key.pem',
        'release-key.pub.pem',
      ]);
    }
  });

  it('are refused in words when a file is foreign, damaged or unreadable', async () => {
    await using folder = await scratch();
    const { dir } = folder;
    const privateFile = path.join(dir, 'release-key.pem');
    const { publicKeyFile } = releaseKeys(dir);
    const refused = (words: RegExp): void =>
      assert.throws(
        () => releaseKeys(dir),
        (error: unknown) => {
          assert.ok(error instanceof UserError, String(error));
          assert.equal(error.kind, 'config');
          assert.match(error.message, words);
          return true;
        },
      );

    const other = generateKeyPairSync('ed25519');
    await writeFile(publicKeyFile, other.publicKey.export({ type: 'spki', format: 'pem' }));
    refused(/release-key\.pub\.pem is not the public key of .*release-key\.pem/);
    await writeFile(publicKeyFile, '');
    refused(/release-key\.pub\.pem is not the public key/);
    await copyFile(privateFile, publicKeyFile);
    refused(/release-key\.pub\.pem is not the public key/);
    await rm(publicKeyFile);

    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
    await writeFile(privateFile, rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }));
    refused(/release-key\.pem: expected an Ed25519 key, got rsa/);
    await writeFile(privateFile, 'not a key');
    refused(/release-key\.pem is no private key in PEM/);
    await writeFile(privateFile, other.publicKey.export({ type: 'spki', format: 'pem' }));
    refused(/release-key\.pem is no private key in PEM/);
    await rm(privateFile);
    await mkdir(privateFile);
    refused(/release-key\.pem: it is a folder/);
  });

  it('say which folder is none', async () => {
    await using folder = await scratch();
    const file = await folder.file('file', '');
    assert.throws(() => releaseKeys(file), /release-key\.pem: .*file.* is not a folder/);
  });

  it('say what cannot be read', async () => {
    await using folder = await scratch();
    const file = path.join(folder.dir, 'release-key.pem');
    await mkdir(file);
    assert.throws(() => releaseKeys(folder.dir), /release-key\.pem/);
    // Nothing is put in its place.
    assert.deepEqual(await readdir(file), []);
  });
});
