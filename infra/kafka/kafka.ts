import type { Input, Output, Resource } from '@pulumi/pulumi';
import type { Provider } from '@pulumi/kubernetes/provider.js';
import type { input } from '@pulumi/kubernetes/types/index.js';
import type { KafkaUser } from './rights.ts';

/** How pods reach Kafka, whoever runs it. Both forms give the same, so no workload knows which it is. */
export interface KafkaAccess {
  form: 'strimzi' | 'managed';
  brokers: Input<string>;
  /** FLEETBED_KAFKA_… of one user: TLS, SASL and who it is. */
  env(user: KafkaUser): input.core.v1.EnvVar[];
  volumes(): input.core.v1.Volume[];
  volumeMounts(): input.core.v1.VolumeMount[];
  /** Where its brokers are, for a network policy's egress. */
  egress: input.networking.v1.NetworkPolicyEgressRule;
  /** Topics and users that must be there before a pod starts. */
  ready: Resource[];
}

export interface KafkaContext {
  namespace: Output<string>;
  /** Kubernetes objects' options: provider and what they come after. */
  provider: Provider;
}

export const tlsPort = 9093;
