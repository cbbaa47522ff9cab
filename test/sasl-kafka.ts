import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { testKafka, type TestKafka } from './kafka.ts';

/** A Kafka that wants to know who comes: SASL/PLAIN at `guarded`; who comes to `brokers` is ANONYMOUS. */
export interface SaslKafka extends TestKafka {
  guarded: string[];
  /** Of every user. */
  password: string;
}

const password = 'only for this test';

/** @param more lines of server.properties */
export async function saslKafka(users: readonly string[], more: readonly string[] = []): Promise<SaslKafka> {
  const kafka = await testKafka({ linksAdvertised: [{ host: '127.0.0.1', port: 1 }] });
  const guarded = `127.0.0.1:${kafka.local.linkTargets[0]?.port}`;
  // Its second door is made for a proxy: here it is itself what clients are told to use.
  await kafka.local.stop();
  const file = path.join(kafka.dataDir, 'server.properties');
  const open = await readFile(file, 'utf8');
  const known = users.map((user) => `user_${user}="${password}"`).join(' ');
  const lines = [
    open
      .replace(/LINK1:\/\/127\.0\.0\.1:1$/m, `LINK1://${guarded}`)
      .replace('LINK1:PLAINTEXT', 'LINK1:SASL_PLAINTEXT'),
    'sasl.enabled.mechanisms=PLAIN',
    `listener.name.link1.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required ${known};`,
    ...more,
  ];
  await writeFile(file, `${lines.join('\n')}\n`);
  await kafka.local.start();
  return { ...kafka, guarded: [guarded], password };
}
