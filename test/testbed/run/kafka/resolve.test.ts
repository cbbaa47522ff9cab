import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { UserError } from '#runtime/errors.ts';
import { findJava, javaMajor } from '#testbed/run/kafka/java.ts';
import { cacheFolder, kafkaVersion, resolveKafka } from '#testbed/run/kafka/resolve.ts';

const isUserError =
  (...patterns: RegExp[]) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof UserError, String(error));
    assert.equal(error.kind, 'component');
    for (const pattern of patterns) assert.match(error.message, pattern);
    return true;
  };

describe('what a local Kafka needs', { timeout: 60_000 }, () => {
  let folder: string;
  let bin: string;
  let env: NodeJS.ProcessEnv;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fleetbed-test-'));
    bin = join(folder, 'bin');
    await mkdir(bin);
    env = { PATH: bin, XDG_CACHE_HOME: join(folder, 'caches') };
  });
  afterEach(async () => rm(folder, { recursive: true, force: true }));

  async function program(name: string, script: string): Promise<void> {
    await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`);
    await chmod(join(bin, name), 0o755);
  }

  it('is Java: without it, the message says what to install', async () => {
    await assert.rejects(
      findJava(env),
      isUserError(/needs Java/, /none on the PATH/, /apt-get install openjdk/, /--kafka/),
    );
  });

  it('is Java of JAVA_HOME where that is set', async () => {
    const home = { ...env, JAVA_HOME: join(folder, 'nowhere') };
    await assert.rejects(findJava(home), isUserError(/JAVA_HOME .*nowhere/));
  });

  it('is Java 17 or newer: an older one is named', async () => {
    await program('java', `echo 'openjdk version "11.0.22" 2024-01-16' >&2`);
    await assert.rejects(findJava(env), isUserError(/needs Java 17 or newer/, /openjdk version "11\.0\.22"/));
    await program('java', `echo 'openjdk version "25.0.1" 2025-10-21' >&2`);
    assert.equal((await findJava(env)).major, 25);
  });

  it('is read from what Java says of itself', () => {
    assert.equal(javaMajor('java version "1.8.0_402"'), 8);
    assert.equal(javaMajor('openjdk version "17.0.15" 2025-04-15'), 17);
    assert.equal(javaMajor('openjdk version "21" 2023-09-19'), 21);
    assert.equal(javaMajor('a shell script'), undefined);
  });

  it('is Maven, once: without it, the message says what to install', async () => {
    await assert.rejects(
      resolveKafka(() => undefined, env),
      isUserError(/needs Maven/, /apt-get install maven/, /--kafka/),
    );
  });

  it('is fetched whole or not at all: when Maven fails, its words are given and nothing is left', async () => {
    await program('mvn', '[ "$1" = --version ] && exit 0\necho "[ERROR] the registry is away"\nexit 1');
    await assert.rejects(
      resolveKafka(() => undefined, env),
      isUserError(/could not fetch Apache Kafka/, /the registry is away/),
    );
    assert.deepEqual(readdirSync(join(folder, 'caches', 'fleetbed')), []);
  });

  it('is fetched once: the second time asks neither Maven nor the network', async () => {
    const script = `[ "$1" = --version ] && exit 0
for word in "$@"; do case "$word" in -DoutputDirectory=*) out="\${word#*=}";; esac; done
/bin/mkdir -p "$out"
echo >"$out/b.jar"; echo >"$out/a.jar"
echo "[INFO] Downloaded from central: https://host/a.jar (1 kB)"`;
    await program('mvn', script);
    const progress: string[] = [];
    const home = await resolveKafka((text) => progress.push(text), env);
    assert.equal(home.version, kafkaVersion());
    assert.equal(home.folder, cacheFolder(env));
    const jars = home.classPath.split(':').map((jar) => jar.slice(home.folder.length));
    assert.deepEqual(jars, ['/jars/a.jar', '/jars/b.jar']);
    assert.match(progress.join('\n'), /Fetching Apache Kafka .*\n.*1 jars/);

    await rm(join(bin, 'mvn'));
    const again = await resolveKafka(() => assert.fail('no progress is made'), env);
    assert.deepEqual(again, home);
    assert.ok(existsSync(home.folder));
  });

  it('is said to be unwritable when the cache folder is', async () => {
    await program('mvn', 'exit 0');
    await writeFile(join(folder, 'caches'), 'a file where a folder should be');
    await assert.rejects(
      resolveKafka(() => undefined, env),
      isUserError(/cannot be kept in .*caches/),
    );
  });
});
