import { createRequire } from 'node:module';

/**
 * kafkajs 2.2.4 looks whether requests wait, and when it has looked it plans to look again: without end, every millisecond, in
 * each connection that has ever had an answer (kafkajs' issue 1704). A testbed, or a bridge with a connection for each edge, did
 * little else while it waited. Here a connection looks again only while a request waits.
 * test/wire/kafka-request-queue.test.ts fails when kafkajs takes its queue from somewhere else.
 */
const queueModule = 'kafkajs/src/network/requestQueue';

/** What this needs of kafkajs' class. */
export interface RequestQueue {
  pending: unknown[];
  /** ms since 1970; in the past, or -1, when the broker wants no pause. */
  throttledUntil: number;
  throttleCheckTimeoutId: NodeJS.Timeout | null;
  checkPendingRequests(): void;
  scheduleCheckPendingRequests(): void;
}

/** A request waits without a throttle where as many as may be are in flight: any answer lets it go, this is the second way. */
const lookAgainMs = 10;

const require = createRequire(import.meta.url);
const { prototype } = require(queueModule) as { prototype: RequestQueue };

prototype.scheduleCheckPendingRequests = function scheduleCheckPendingRequests(): void {
  if (this.pending.length === 0 || this.throttleCheckTimeoutId !== null) return;
  const throttledMs = this.throttledUntil - Date.now();
  this.throttleCheckTimeoutId = setTimeout(
    () => {
      this.throttleCheckTimeoutId = null;
      this.checkPendingRequests();
    },
    throttledMs > 0 ? throttledMs : lookAgainMs,
  );
};
