import { messageIntervalMs, type Fleet } from '../fleet.ts';
import { RandomStream } from '../random.ts';
import { presencesOf, type Presence } from './stages.ts';

/**
 * When one car's messages are due: message j of a presence at its beginning + phase + j x message interval, where the
 * phase is uniform, so that a fleet that starts at one moment does not send at one moment. Times are ms from the
 * schedule's zero; multiplied, never added up, so they do not drift.
 */
export interface Due {
  /** Of the car's whole life, from 0. */
  message: number;
  dueMs: number;
  /** First reading, the car's clock. */
  simTime: number;
}

/** Phase of a car within the message interval, ms. */
export function phaseMs(fleet: Fleet, index: number): number {
  return RandomStream.of(fleet.seed, index, 'phase').uniform() * messageIntervalMs(fleet);
}

/** Messages that fall due within a presence. */
export function messagesIn(presence: Presence, phase: number, intervalMs: number): number {
  return Math.max(0, Math.ceil((presence.toMs - presence.fromMs - phase) / intervalMs));
}

/** When message j of a presence is due; `firstMs` is the presence's beginning + phase. */
export function dueMsOf(fleet: Fleet, firstMs: number, j: number): number {
  return firstMs + j * messageIntervalMs(fleet);
}

/** The first reading of message j. The last one is taken when the message is due. */
export function simTimeOf(fleet: Fleet, firstMs: number, j: number): number {
  const { intervalMs, readingsPerMessage, speedup, simStartMs } = fleet;
  // Rounded once a presence: readings stay exactly one interval apart.
  return (
    simStartMs +
    Math.round(firstMs * speedup) +
    (j * readingsPerMessage - (readingsPerMessage - 1)) * intervalMs
  );
}

/** Every message of a car's life, in order. */
export function* timetableOf(fleet: Fleet, index: number): Generator<Due> {
  const phase = phaseMs(fleet, index);
  let message = 0;
  for (const presence of presencesOf(fleet.stages, index)) {
    const firstMs = presence.fromMs + phase;
    const messages = messagesIn(presence, phase, messageIntervalMs(fleet));
    for (let j = 0; j < messages; j++) {
      yield { message: message++, dueMs: dueMsOf(fleet, firstMs, j), simTime: simTimeOf(fleet, firstMs, j) };
    }
  }
}
