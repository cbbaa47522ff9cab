import type { Provider } from '@pulumi/kubernetes/provider.js';
import type { Output, Resource } from '@pulumi/pulumi';
import type { Stack } from '../config/stack.ts';
import type { KafkaAccess } from '../kafka/kafka.ts';
import type { Secrets } from './secrets.ts';

/** What every workload is built from. */
export interface WorkloadContext {
  stack: Stack;
  namespace: Output<string>;
  provider: Provider;
  kafka: KafkaAccess;
  secrets: Secrets;
  dependsOn: Resource[];
}

export const ports = { cars: 1883, uplink: 8884, health: 9100 } as const;
