/** CRC-32C (Castagnoli), reflected. */
const polynomial = 0x82f63b78;

/** Slicing by 8 (Kounavis and Berry, 2005): tables[k * 256 + n] is the CRC of byte n with k zero bytes behind it. */
const tables = makeTables();

function makeTables(): Int32Array {
  const made = new Int32Array(8 * 256);
  for (let n = 0; n < 256; n++) {
    let crc = n;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    made[n] = crc;
  }
  for (let n = 256; n < made.length; n++) {
    const shorter = made[n - 256]!;
    made[n] = (shorter >>> 8) ^ made[shorter & 255]!;
  }
  return made;
}

/** The checksum of a Kafka record batch, eight bytes a step. */
export function crc32c(bytes: Uint8Array): number {
  let crc = -1;
  let at = 0;
  for (const last = bytes.length - 8; at <= last; at += 8) {
    crc ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    crc =
      tables[0x700 + (crc & 255)]! ^
      tables[0x600 + ((crc >>> 8) & 255)]! ^
      tables[0x500 + ((crc >>> 16) & 255)]! ^
      tables[0x400 + (crc >>> 24)]! ^
      tables[0x300 + bytes[at + 4]!]! ^
      tables[0x200 + bytes[at + 5]!]! ^
      tables[0x100 + bytes[at + 6]!]! ^
      tables[bytes[at + 7]!]!;
  }
  for (; at < bytes.length; at++) crc = tables[(crc ^ bytes[at]!) & 255]! ^ (crc >>> 8);
  return ~crc >>> 0;
}
