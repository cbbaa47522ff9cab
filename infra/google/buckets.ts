import { Bucket } from '@pulumi/gcp/storage/bucket.js';
import type { Resource } from '@pulumi/pulumi';
import { topics } from '../../contract/topics.ts';
import type { Stack } from '../config/stack.ts';

const dayMs = 86_400_000;
/** Kafka deletes what its topics no longer keep; a week later the bucket does, whatever Kafka forgot. */
const historyDays =
  Math.max(...topics.filter(({ tiered }) => tiered).map(({ retentionMs }) => retentionMs)) / dayMs + 7;
const resultsDays = 365;

/** Results of runs, and history that Kafka has moved off its disks (where Kafka is ours). */
export function buckets(stack: Stack, dependsOn: Resource[]): { results: Bucket; history?: Bucket } {
  return {
    results: bucket(stack, 'results', { days: resultsDays, retainDays: 30 }, dependsOn),
    ...(stack.settings['fleetbed:kafka'] === 'strimzi' && {
      history: bucket(stack, 'history', { days: historyDays }, dependsOn),
    }),
  };
}

/** `retainDays`: nobody can delete or change an object before, in a stack that is protected. */
function bucket(
  { settings, labels, name: stack }: Stack,
  name: string,
  kept: { days: number; retainDays?: number },
  dependsOn: Resource[],
): Bucket {
  const isProtected = settings['fleetbed:protect'];
  const retain = isProtected ? kept.retainDays : undefined;
  return new Bucket(
    name,
    {
      name: `${settings['gcp:project']}-fleetbed-${stack}-${name}`,
      location: settings['gcp:region'].toUpperCase(),
      storageClass: 'STANDARD',
      uniformBucketLevelAccess: true,
      publicAccessPrevention: 'enforced',
      softDeletePolicy: { retentionDurationSeconds: isProtected ? 7 * 86_400 : 0 },
      lifecycleRules: [
        { action: { type: 'Delete' }, condition: { age: kept.days } },
        { action: { type: 'AbortIncompleteMultipartUpload' }, condition: { age: 1 } },
      ],
      ...(retain !== undefined && { retentionPolicy: { retentionPeriod: String(retain * 86_400) } }),
      forceDestroy: !isProtected,
      labels,
    },
    { dependsOn, protect: isProtected },
  );
}
