import type { ICustomPartitioner, PartitionerArgs } from 'kafkajs';

type Partitioner = (message: PartitionerArgs) => number;

/**
 * Java's and kafkajs' choice of a partition: murmur2 of the key, modulo the number of partitions. kafkajs computes it in
 * BigInts. What has no key goes where `keyless` says.
 */
export function partitionByKey(keyless: ICustomPartitioner): () => Partitioner {
  return () => {
    const withoutKey: Partitioner = keyless();
    return (args) => {
      const { key, partition } = args.message;
      if (partition !== undefined && partition !== null) return partition;
      if (key === undefined || key === null) return withoutKey(args);
      return (murmur2Of(key) & 0x7fffffff) % args.partitionMetadata.length;
    };
  };
}

/** Keys that are short and ASCII are hashed here, without a buffer of their own. */
const scratch = new Uint8Array(64);

function murmur2Of(key: Buffer | string): number {
  if (typeof key !== 'string') return murmur2(key, key.length);
  if (key.length > scratch.length) return murmur2Of(Buffer.from(key));
  for (let index = 0; index < key.length; index++) {
    const code = key.charCodeAt(index);
    if (code >= 128) return murmur2Of(Buffer.from(key));
    scratch[index] = code;
  }
  return murmur2(scratch, key.length);
}

/** As org.apache.kafka.common.utils.Utils has it. */
const seed = 0x9747b28c;
const multiplier = 0x5bd1e995;

function murmur2(bytes: Uint8Array, length: number): number {
  let hash = seed ^ length;
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    const four = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    const mixed = Math.imul(four, multiplier);
    hash = Math.imul(hash, multiplier) ^ Math.imul(mixed ^ (mixed >>> 24), multiplier);
  }
  if (at < length) {
    for (let shift = 0; at < length; at++, shift += 8) hash ^= bytes[at]! << shift;
    hash = Math.imul(hash, multiplier);
  }
  hash = Math.imul(hash ^ (hash >>> 13), multiplier);
  return hash ^ (hash >>> 15);
}
