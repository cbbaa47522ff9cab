import { spawn } from 'node:child_process';
import { resolveKafka } from '#testbed/run/kafka/resolve.ts';

/** A record as Kafka's own console consumer, which knows nothing of us, reads it. */
export interface ConsoleRecord {
  /** As it prints them: name:value,… */
  headers: string;
  key: string;
  value: Buffer;
}

/** Reads the first `count` committed records of a topic with kafka-console-consumer. */
export async function consoleConsumer(
  brokers: string[],
  topic: string,
  count: number,
): Promise<ConsoleRecord[]> {
  const { classPath } = await resolveKafka(() => {});
  const child = spawn('java', [
    ...['-cp', classPath, 'org.apache.kafka.tools.consumer.ConsoleConsumer'],
    ...['--bootstrap-server', brokers.join(','), '--topic', topic, '--from-beginning'],
    ...['--isolation-level', 'read_committed', '--max-messages', String(count), '--timeout-ms', '30000'],
    ...['--formatter-property', 'print.headers=true', '--formatter-property', 'print.key=true'],
    ...['--formatter-property', 'value.deserializer=org.apache.kafka.common.serialization.BytesDeserializer'],
  ]);
  let out = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString('latin1')));
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  const records = out
    .split('\n')
    .filter((line) => line.split('\t').length >= 3)
    .map((line) => {
      const [headers = '', key = '', ...value] = line.split('\t');
      return { headers, key, value: fromBytesText(value.join('\t')) };
    });
  if (records.length < count) throw new Error(`${records.length} of ${count} records of ${topic}: ${errors}`);
  return records;
}

/** Kafka prints Bytes as characters, and what is not printable as \xNN. */
function fromBytesText(text: string): Buffer {
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at++) {
    const escape = /^\\x([0-9A-F]{2})/.exec(text.slice(at, at + 4));
    if (escape) {
      bytes.push(Number.parseInt(escape[1] ?? '', 16));
      at += 3;
    } else {
      bytes.push(text.charCodeAt(at));
    }
  }
  return Buffer.from(bytes);
}
