import { decodeFrame, FrameError, type Frame } from '#contract/frame.ts';
import { evictionCodec, type Eviction, type SeqSpan } from '#contract/ledger-records.ts';
import { deadLetterCodec } from '#contract/records.ts';
import { decodeTelemetryIdentity, TelemetryError } from '#contract/telemetry.ts';
import { DamageError } from './database.ts';

type Said = Omit<Eviction, 'edge' | 'at'>;

/** What was in frames that are being dropped, as their bytes say it: which messages of which car, by epoch. */
export class DroppedContents {
  readonly #byEpoch = new Map<string, Said>();
  /** The range of each car's session that grows, by epoch, VIN and session. */
  readonly #open = new Map<string, SeqSpan>();
  /** Of cars, those that cannot be named included. */
  messages = 0;

  /** @throws DamageError when the bytes are not a frame */
  add(position: number, bytes: Uint8Array): void {
    const frame = read(position, bytes);
    const said = this.#said(frame.epoch, frame.number, frame.number);
    for (const { destination, key, value } of frame.entries) {
      if (destination === 'fleet.telemetry') this.#addMessage(said, key, value);
      else if (destination === 'fleet.deadletter') {
        const letter = deadLetterCodec.decode(value);
        this.#addMessage(said, letter.key, letter.bytes);
      } else if (destination === 'fleet.predictions') said.predictions += 1;
      else if (evictionCodec.matches(value)) this.#addEarlier(evictionCodec.decode(value));
    }
  }

  evictions(): Iterable<Said> {
    return this.#byEpoch.values();
  }

  #said(epoch: string, firstFrame: number, lastFrame: number): Said {
    let said = this.#byEpoch.get(epoch);
    if (!said) {
      said = { epoch, firstFrame, lastFrame, predictions: 0, unnamed: 0, ranges: [] };
      this.#byEpoch.set(epoch, said);
    }
    said.firstFrame = Math.min(said.firstFrame, firstFrame);
    said.lastFrame = Math.max(said.lastFrame, lastFrame);
    return said;
  }

  /** @param car whose message it is: bytes that were refused may name any other */
  #addMessage(said: Said, car: string, bytes: Buffer): void {
    this.messages += 1;
    const identity = identityOf(bytes);
    if (identity?.vin === car && identity.session >= 0 && identity.seq >= 0) {
      const { vin, session, seq } = identity;
      this.#addRange(said, { vin, session, fromSeq: seq, toSeq: seq });
    } else said.unnamed += 1;
  }

  /** A notice that is dropped itself is told again: what it named was nowhere else. */
  #addEarlier(earlier: Eviction): void {
    const said = this.#said(earlier.epoch, earlier.firstFrame, earlier.lastFrame);
    said.predictions += earlier.predictions;
    said.unnamed += earlier.unnamed;
    for (const range of earlier.ranges) this.#addRange(said, range);
  }

  #addRange(said: Said, range: SeqSpan): void {
    const key = `${said.epoch}/${range.session}/${range.vin}`;
    const open = this.#open.get(key);
    if (open && open.toSeq + 1 === range.fromSeq) {
      open.toSeq = range.toSeq;
      return;
    }
    const { vin, session, fromSeq, toSeq } = range;
    const begun = { vin, session, fromSeq, toSeq };
    this.#open.set(key, begun);
    said.ranges.push(begun);
  }
}

function identityOf(bytes: Buffer): { vin: string; session: number; seq: number } | null {
  try {
    return decodeTelemetryIdentity(bytes);
  } catch (error) {
    if (error instanceof TelemetryError) return null;
    throw error;
  }
}

function read(position: number, bytes: Uint8Array): Frame {
  try {
    return decodeFrame(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch (error) {
    if (!(error instanceof FrameError)) throw error;
    throw new DamageError(`the frame at position ${position} is damaged: ${error.message}`, { cause: error });
  }
}
