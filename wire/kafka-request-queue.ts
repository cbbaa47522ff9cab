import { createRequire } from 'node:module';

/**
 * kafkajs 2.2.4 looks whether requests wait, and when it has looked it plans to look again: without end, every millisecond, in
 * each connection that has ever had an answer (kafkajs' issue 1704). And ten times a second each looks whether an answer is
 * overdue, which may take ten seconds. A testbed, or a bridge with a connection for each edge, did little else while it waited.
 * Here a connection looks again only while a request waits, and once a second for what is overdue.
 * test/wire/kafka-request-queue.test.ts fails when kafkajs takes its queue from somewhere else.
 */
const queueModule = 'kafkajs/src/network/requestQueue';

/** What this needs of kafkajs' class. */
export interface RequestQueue {
  pending: unknown[];
  inflight: Map<number, { sentAt: number; requestTimeout: number; timeoutRequest(): void }>;
  requestTimeout: number;
  enforceRequestTimeout: boolean;
  /** ms since 1970; in the past, or -1, when the broker wants no pause. */
  throttledUntil: number;
  throttleCheckTimeoutId: NodeJS.Timeout | null;
  requestTimeoutIntervalId: NodeJS.Timeout | undefined;
  isConnected(): boolean;
  destroy(): void;
  checkPendingRequests(): void;
  scheduleCheckPendingRequests(): void;
  scheduleRequestTimeoutCheck(): void;
}

/** A request waits without a throttle where as many as may be are in flight: any answer lets it go, this is the second way. */
const lookAgainMs = 10;
const overdueEveryMs = 1000;

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

prototype.scheduleRequestTimeoutCheck = function scheduleRequestTimeoutCheck(): void {
  if (!this.enforceRequestTimeout) return;
  this.destroy();
  const look = (): void => {
    const now = Date.now();
    for (const request of [...this.inflight.values()]) {
      if (now - request.sentAt > request.requestTimeout) request.timeoutRequest();
    }
    if (!this.isConnected()) this.destroy();
  };
  this.requestTimeoutIntervalId = setInterval(look, Math.min(this.requestTimeout, overdueEveryMs));
};
