import type { FetchedPartition } from './kafka-cluster.ts';
import type { Place } from './kafka-offsets.ts';

/** Where a reader stands in one partition. */
export interface Progress extends Place {
  /** The next offset: onBatch has returned for all before it. */
  position: number;
  /** As of the last fetch: the last stable offset, and the end of all that is written. */
  stable: number;
  written: number;
  /** Nothing at or behind it is read; Infinity where reading goes on. */
  end: number;
  /** When the broker last told its ends, ms since 1970. */
  toldAt: number;
  /** No record that is still unread was appended before this, ms since 1970; undefined until the first fetch. */
  unreadSince: number | undefined;
}

/** A partition's offsets from `position` to before `end`. */
export interface Span extends Place {
  position: number;
  end: number;
}

export function beginning({ topic, partition, position, end }: Span): Progress {
  return {
    topic,
    partition,
    position,
    end,
    stable: position,
    written: position,
    toldAt: Date.now(),
    unreadSince: undefined,
  };
}

/** Takes in what a broker says of its ends. */
export function toldEnds(place: Progress, stable: number, written: number): void {
  place.stable = stable;
  place.written = Math.max(stable, written);
  place.toldAt = Date.now();
  if (place.position >= stable) place.unreadSince = place.toldAt;
}

/** A fetch has brought something that is not handed on yet: the first of it is the oldest that is unread. */
export function fetchedFrom(place: Progress, { messages }: FetchedPartition): void {
  const [first] = messages;
  if (first && place.position < place.stable) appendedBefore(place, Number(first.timestamp));
}

/** What lies before `next` was handed on; `timestamp` is that of its last record, where it held one. */
export function readTo(place: Progress, next: number, timestamp: number | undefined): void {
  place.position = next;
  if (next >= place.stable) place.unreadSince = place.toldAt;
  else if (timestamp !== undefined) appendedBefore(place, timestamp);
}

/** A partition's records are appended one after the other. A broker's clock may be ahead of ours. */
function appendedBefore(place: Progress, timestamp: number): void {
  place.unreadSince = Math.min(place.toldAt, Math.max(place.unreadSince ?? 0, timestamp));
}
