/**
 * The one Kafka header of ours, `origin`: where a record came from. `run/edge/epoch/number`, with `/h` when its frame
 * was stored at the edge for more than a second (history, not live).
 */
export interface Origin {
  run: string;
  edge: string;
  /** 16 hex digits; renewed whenever the edge's outbox file is created or repaired. */
  epoch: string;
  /** Frame number within the epoch, from 1. */
  number: number;
  stored: boolean;
}

export const originHeader = 'origin';

/** A frame is called stored (history) when it was sent more than this after it was made. */
export const storedAfterMs = 1000;

/** One buffer serves every record of a frame. */
export function encodeOrigin(origin: Origin): Buffer {
  const tail = origin.stored ? '/h' : '';
  return Buffer.from(`${origin.run}/${origin.edge}/${origin.epoch}/${origin.number}${tail}`);
}

/** null where the text is not an origin. */
export function decodeOrigin(text: Buffer | string | undefined): Origin | null {
  if (text === undefined) return null;
  const [run, edge, epoch, number, flag, ...rest] = text.toString().split('/');
  if (!run || !edge || !epoch || !number || rest.length > 0) return null;
  if (flag !== undefined && flag !== 'h') return null;
  const value = Number(number);
  if (!/^[1-9]\d*$/.test(number) || !Number.isSafeInteger(value)) return null;
  return { run, edge, epoch, number: value, stored: flag === 'h' };
}
