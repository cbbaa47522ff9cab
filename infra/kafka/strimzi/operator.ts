import { Release } from '@pulumi/kubernetes/helm/v3/release.js';
import { Namespace } from '@pulumi/kubernetes/core/v1/namespace.js';
import type { Resource } from '@pulumi/pulumi';
import type { KafkaContext } from '../kafka.ts';
import { strimziVersion } from './versions.ts';

export const operatorNamespace = 'strimzi';

/** The operator that turns the objects of this folder into brokers. It watches the one namespace alone. */
export function operator({ provider, namespace }: KafkaContext, dependsOn: Resource[]): Release {
  const own = new Namespace(
    operatorNamespace,
    {
      metadata: {
        name: operatorNamespace,
        labels: { 'pod-security.kubernetes.io/enforce': 'restricted' },
      },
    },
    { provider, dependsOn },
  );
  return new Release(
    'strimzi-operator',
    {
      chart: 'oci://quay.io/strimzi-helm/strimzi-kafka-operator',
      version: strimziVersion,
      namespace: own.metadata.name,
      atomic: true,
      values: {
        watchNamespaces: [namespace],
        // Brokers' own pods keep to the restricted profile as well.
        extraEnvs: [{ name: 'STRIMZI_POD_SECURITY_PROVIDER_CLASS', value: 'restricted' }],
        resources: {
          requests: { cpu: '200m', memory: '512Mi' },
          limits: { cpu: '1', memory: '768Mi' },
        },
      },
    },
    { provider, dependsOn: [own] },
  );
}
