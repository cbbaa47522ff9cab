import assert from 'node:assert/strict';
import { UserError } from '#runtime/errors.ts';
import type { ChooseSpans, Span } from '#wire/kafka-spans.ts';
import type { HistoryQuery, OffsetSpan } from '../history.ts';

type Places = Parameters<ChooseSpans>[0];
type OffsetsAt = Parameters<ChooseSpans>[1];

/**
 * The offsets that a query means, as Kafka stands now: what is kept, decided and asked for.
 * @param earlier spans that were read before: theirs begin where those ended
 * @throws UserError naming a partition that is not there
 * @throws Error when Kafka ends before what was read earlier
 */
export async function chooseHistory(
  query: HistoryQuery,
  earlier: readonly OffsetSpan[],
  places: Places,
  offsetsAt: OffsetsAt,
): Promise<Span[]> {
  const { since, until } = query;
  const given = byPartition(query.offsets ?? []);
  const before = byPartition(earlier);
  const asked = askedFor(query, places);
  const starts = await offsetsAt('start');
  const stable = await offsetsAt('stable');
  const begins = since === undefined ? starts : await offsetsAt({ since });
  const ends = until === undefined ? stable : await offsetsAt({ since: until });
  return places.flatMap((place, index): Span[] => {
    const { partition } = place;
    if (!asked.has(partition)) return [];
    const last = stable[index] ?? 0;
    const readTo = before.get(partition)?.to ?? 0;
    if (readTo > last) {
      const where = `${place.topic}/${partition} ends at ${last}`;
      throw new Error(`${where}, but was read up to ${readTo} before: Kafka has lost records`);
    }
    const { from, to } = given.get(partition) ?? { from: 0, to: Infinity };
    const first = Math.max(starts[index] ?? 0, begins[index] ?? 0, from);
    // Nothing is as new as was asked: an empty span at the end.
    const position = Math.max(Math.min(first, last), readTo);
    return [{ ...place, position, end: Math.max(position, Math.min(last, ends[index] ?? last, to)) }];
  });
}

function askedFor({ offsets, partitions }: HistoryQuery, places: Places): Set<number> {
  const there = new Set(places.map(({ partition }) => partition));
  const named = offsets?.map(({ partition }) => partition);
  const missing = [...(named ?? []), ...(partitions ?? [])].find((partition) => !there.has(partition));
  if (missing !== undefined) {
    throw new UserError('config', `${places[0]?.topic} has ${there.size} partitions, and no ${missing}`);
  }
  const inBoth =
    named && partitions ? named.filter((partition) => partitions.includes(partition)) : undefined;
  return new Set(inBoth ?? named ?? partitions ?? there);
}

function byPartition(spans: readonly OffsetSpan[]): Map<number, OffsetSpan> {
  const map = new Map(spans.map((span) => [span.partition, span]));
  assert.equal(map.size, spans.length, 'one span a partition');
  return map;
}
