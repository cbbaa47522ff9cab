import type { Metrics } from '#runtime/metrics.ts';
import type { Door } from './door.ts';

/** What a bridge counts. */
export type BridgeMetrics = ReturnType<typeof bridgeMetrics>;

/** What is true at the moment of a scrape. */
export interface BridgeGauges {
  door: Pick<Door, 'connected' | 'standingBy' | 'pendingBytes' | 'downlink'>;
  states: { waiting: number };
}

export function bridgeGauges(metrics: Metrics, { door, states }: BridgeGauges): void {
  const { downlink } = door;
  metrics.gauge('fleetbed_bridge_edges', 'Edges whose frames it takes', () => door.connected);
  metrics.gauge(
    'fleetbed_bridge_edges_standing_by',
    'Edges at a broker that it would take, and another bridge does',
    () => door.standingBy,
  );
  metrics.gauge(
    'fleetbed_bridge_pending_bytes',
    'Bytes of frames that are not committed',
    () => door.pendingBytes,
  );
  metrics.gauge('fleetbed_bridge_releases', 'Releases that edges can fetch', () => downlink.releases);
  metrics.gauge('fleetbed_bridge_release_bytes', 'Bytes of retained releases', () => downlink.releaseBytes);
  metrics.gauge(
    'fleetbed_bridge_desires_held_back',
    'Edges whose desired release cannot be fetched (yet)',
    () => downlink.heldBack,
  );
  metrics.gauge(
    'fleetbed_bridge_states_waiting',
    'Edges whose latest state is not in Kafka',
    () => states.waiting,
  );
}

export function bridgeMetrics(metrics: Metrics) {
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
    handedOver: metrics.counter(
      'fleetbed_bridge_handed_over_total',
      'Times that all edges were sent to other bridges, because Kafka took nothing',
    ),
    takeOvers: metrics.counter(
      'fleetbed_bridge_take_overs_total',
      'Edges of other bridges whose frames it began to take from a broker',
    ),
    sessionsLost: metrics.counter(
      'fleetbed_bridge_sessions_lost_total',
      'Edges that were taken from it at a broker, or whose connection there ended',
    ),
    sessionsForgotten: metrics.counter(
      'fleetbed_bridge_sessions_forgotten_total',
      'Sessions that a broker had forgotten, with all frames in them',
    ),
    fenced: metrics.counter('fleetbed_bridge_fenced_total', 'Edges lost to another bridge'),
    releasesCleared: metrics.counter(
      'fleetbed_bridge_releases_cleared_total',
      'Releases put aside to keep below downlink.maxReleaseBytes',
    ),
    downlinkRefused: metrics.counter(
      'fleetbed_bridge_downlink_refused_total',
      'Records of fleet.models and fleet.desired that were not given to edges',
      ['reason'],
    ),
    statesWritten: metrics.counter('fleetbed_bridge_states_written_total', 'States of edges put into Kafka'),
    statesWrittenAgain: metrics.counter(
      'fleetbed_bridge_states_written_again_total',
      'Of these, because an older one had come to stand behind them',
    ),
    statesLate: metrics.counter(
      'fleetbed_bridge_states_late_total',
      'States of connections that a newer one had followed: ignored',
    ),
    statesRefused: metrics.counter(
      'fleetbed_bridge_states_refused_total',
      'What edges said of themselves and was no state of theirs',
    ),
  };
}
