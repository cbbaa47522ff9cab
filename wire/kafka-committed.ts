import type { AbortedTransaction, FetchedPartition, RawRecord } from './kafka-cluster.ts';

/** What one fetch brought of a partition. */
export interface Fetched {
  /** Committed records at or behind the position and before the end, in the order of the log. */
  records: RawRecord[];
  /** Where to go on: behind everything that was brought, markers and aborted records included; at most the end. */
  next: number;
}

/** https://kafka.apache.org/documentation/#controlbatch: version, then type; 0 is abort. */
const abortType = 0;

/**
 * Leaves out markers and what was aborted. The broker lists the aborted transactions in the order in which they ended,
 * so they are sorted by their beginning first, as Kafka's own consumer does.
 */
export function committedOnly(
  fetched: Pick<FetchedPartition, 'messages' | 'abortedTransactions'>,
  position: number,
  end = Infinity,
): Fetched {
  const aborted = [...(fetched.abortedTransactions ?? [])].sort(
    (one, other) => Number(one.firstOffset) - Number(other.firstOffset),
  );
  const aborting = new Set<string>();
  const records: RawRecord[] = [];
  let begun = 0;
  for (const record of fetched.messages) {
    const offset = Number(record.offset);
    if (offset >= end) break;
    for (; begins(aborted[begun], offset); begun++) aborting.add(aborted[begun]?.producerId ?? '');
    const { producerId, inTransaction } = record.batchContext;
    if (record.isControlRecord) {
      if (record.key?.readInt16BE(2) === abortType) aborting.delete(producerId);
    } else if (offset >= position && !(inTransaction && aborting.has(producerId))) {
      records.push(record);
    }
  }
  const behind = Math.max(position, endOf(fetched.messages.at(-1), position));
  return { records, next: Math.min(behind, end) };
}

function begins(transaction: AbortedTransaction | undefined, offset: number): boolean {
  return transaction !== undefined && Number(transaction.firstOffset) <= offset;
}

/** The batch's end, not the record's: compaction may have removed its last records. */
function endOf(last: RawRecord | undefined, position: number): number {
  if (!last) return position;
  return Number(last.batchContext.firstOffset) + last.batchContext.lastOffsetDelta + 1;
}
