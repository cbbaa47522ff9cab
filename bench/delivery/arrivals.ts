import { decodeTelemetryIdentity } from '#contract/telemetry.ts';
import type { Kafka } from '#wire/kafka.ts';
import { readTopics } from '#wire/kafka-reader.ts';

/** What a read_committed reader of a topic has seen so far. */
export interface Arrivals {
  /** Resolves when so many different messages are there. @throws Error when one came twice, or after a minute */
  reach(messages: number): Promise<void>;
  stop(): Promise<void>;
}

const timeoutMs = 60_000;

export async function watchArrivals(kafka: Kafka, topic: string): Promise<Arrivals> {
  const seen = new Set<string>();
  let twice = 0;
  let goal: { messages: number; reached: () => void } | undefined;
  const reader = await readTopics(kafka, {
    topics: [topic],
    from: 'beginning',
    onBatch: (records) => {
      for (const { value } of records) {
        const identity = value && decodeTelemetryIdentity(value);
        if (!identity) continue;
        const name = `${identity.vin} ${identity.seq}`;
        if (seen.has(name)) twice++;
        seen.add(name);
      }
      if (goal && seen.size >= goal.messages) goal.reached();
    },
  });
  return {
    async reach(messages) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve, reject) => {
        goal = { messages, reached: resolve };
        timer = setTimeout(
          () => reject(new Error(`${topic}: ${seen.size} of ${messages} messages after a minute`)),
          timeoutMs,
        );
        if (seen.size >= messages) resolve();
      }).finally(() => clearTimeout(timer));
      if (twice > 0) throw new Error(`${topic}: ${twice} messages came twice`);
    },
    stop: () => reader.stop(),
  };
}
