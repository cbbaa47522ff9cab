import { Namespace } from '@pulumi/kubernetes/core/v1/namespace.js';
import { LimitRange } from '@pulumi/kubernetes/core/v1/limitRange.js';
import { ServiceAccount } from '@pulumi/kubernetes/core/v1/serviceAccount.js';
import type { Provider } from '@pulumi/kubernetes/provider.js';
import type { Output, Resource } from '@pulumi/pulumi';
import type { Stack } from '../config/stack.ts';

export const workloadNames = ['edge', 'bridge', 'trainer', 'simulator', 'reader'] as const;
export type WorkloadName = (typeof workloadNames)[number];

/** The namespace of all of fleetbed, held to the restricted profile; an account a workload, which may do nothing. */
export function namespace({ labels }: Stack, provider: Provider, dependsOn: Resource[]): Output<string> {
  const profile = ['enforce', 'warn', 'audit'].map((mode) => [
    `pod-security.kubernetes.io/${mode}`,
    'restricted',
  ]);
  const own = new Namespace(
    'fleetbed',
    { metadata: { name: 'fleetbed', labels: { ...labels, ...Object.fromEntries(profile) } } },
    { provider, dependsOn },
  );
  const name = own.metadata.name;
  new LimitRange(
    'limits',
    {
      metadata: { name: 'limits', namespace: name },
      spec: {
        // What brings no limits of its own, such as an operator's helper, gets some.
        limits: [
          {
            type: 'Container',
            default: { cpu: '500m', memory: '512Mi' },
            defaultRequest: { cpu: '100m', memory: '256Mi' },
          },
        ],
      },
    },
    { provider },
  );
  for (const workload of workloadNames) {
    new ServiceAccount(
      workload,
      { metadata: { name: workload, namespace: name, labels }, automountServiceAccountToken: false },
      { provider },
    );
  }
  return name;
}
