import type { Metrics } from '#runtime/metrics.ts';

/** What a trainer counts. */
export type TrainerMetrics = ReturnType<typeof trainerMetrics>;

export function trainerMetrics(metrics: Metrics) {
  return {
    trainings: metrics.counter('fleetbed_trainer_trainings_total', 'Trainings that have ended', ['outcome']),
    seconds: metrics.gauge('fleetbed_trainer_last_seconds', 'How long the last release took to learn'),
    readings: metrics.gauge(
      'fleetbed_trainer_last_readings',
      'Readings that the last release was learnt from',
    ),
    counter: metrics.gauge('fleetbed_trainer_release_counter', 'Counter of the last release'),
  };
}
