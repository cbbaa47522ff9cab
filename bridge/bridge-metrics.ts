import type { Metrics } from '#runtime/metrics.ts';

/** What a bridge counts and measures. `current` gives what is true at the moment of a scrape. */
export type BridgeMetrics = ReturnType<typeof bridgeMetrics>;

export function bridgeMetrics(metrics: Metrics, current: { edges(): number; pendingBytes(): number }) {
  metrics.gauge('fleetbed_bridge_edges', 'Edges connected', () => current.edges());
  metrics.gauge('fleetbed_bridge_pending_bytes', 'Bytes of frames that are not committed', () =>
    current.pendingBytes(),
  );
  return {
    frames: metrics.counter('fleetbed_bridge_frames_total', 'Frames committed to Kafka'),
    framesSkipped: metrics.counter(
      'fleetbed_bridge_frames_skipped_total',
      'Frames that were committed before',
    ),
    frameGaps: metrics.counter('fleetbed_bridge_frame_gaps_total', 'Gaps in the numbers of an epoch'),
    records: metrics.counter('fleetbed_bridge_records_total', 'Records committed to Kafka'),
    deadLetters: metrics.counter('fleetbed_bridge_dead_letters_total', 'Frames and entries refused', [
      'reason',
    ]),
    commitMs: metrics.histogram(
      'fleetbed_bridge_commit_ms',
      'From the first record of a transaction to its commit',
    ),
    fences: metrics.counter('fleetbed_bridge_fences_total', 'Transactional ids taken over'),
    fenced: metrics.counter('fleetbed_bridge_fenced_total', 'Edges lost to another bridge'),
  };
}
