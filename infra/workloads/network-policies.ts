import { NetworkPolicy } from '@pulumi/kubernetes/networking/v1/networkPolicy.js';
import type { input } from '@pulumi/kubernetes/types/index.js';
import { operatorNamespace } from '../kafka/strimzi/operator.ts';
import { ports, type WorkloadContext } from './context.ts';
import type { WorkloadName } from './namespace.ts';
import { selectorOf } from './pod.ts';

export const monitoringNamespace = 'monitoring';

type Rules = Pick<input.networking.v1.NetworkPolicySpec, 'ingress' | 'egress'>;

/** Nothing speaks with anything, and then one line for each way that a reading, a metric or a release takes. */
export function networkPolicies(context: WorkloadContext): NetworkPolicy[] {
  const { kafka } = context;
  const edge = podsOf('edge');
  const bridge = podsOf('bridge');
  const policies = [
    policy(context, 'default-deny', {}, { ingress: [], egress: [] }),
    policy(context, 'names', {}, { egress: [names] }),
    policy(context, 'metrics', partOfFleetbed, {
      ingress: [from(inNamespace(monitoringNamespace), ports.health)],
    }),
    policy(context, 'edge', selectorOf('edge'), {
      ingress: [from(podsOf('simulator'), ports.cars)],
      egress: [to(bridge, ports.uplink)],
    }),
    policy(context, 'bridge', selectorOf('bridge'), {
      ingress: [from(edge, ports.uplink)],
      egress: [kafka.egress],
    }),
    policy(context, 'trainer', selectorOf('trainer'), { egress: [kafka.egress] }),
    policy(context, 'reader', selectorOf('reader'), { egress: [kafka.egress] }),
    policy(context, 'simulator', selectorOf('simulator'), { egress: [to(edge, ports.cars), kafka.egress] }),
  ];
  return kafka.form === 'strimzi' ? [...policies, ...strimziPolicies(context)] : policies;
}

/** Strimzi's operator makes the policies for its listeners; what it leaves to us is the way out, metrics, and its own way in. */
function strimziPolicies(context: WorkloadContext): NetworkPolicy[] {
  const strimzi = { 'app.kubernetes.io/managed-by': 'strimzi-cluster-operator' };
  const own = { podSelector: { matchLabels: strimzi } };
  return [
    policy(context, 'strimzi', strimzi, {
      ingress: [
        { from: [own, inNamespace(operatorNamespace)] },
        from(inNamespace(monitoringNamespace), brokerMetricsPort),
      ],
      // To each other; to the Kubernetes API and Google's storage by TLS; to the metadata server, which says who they are.
      egress: [
        { to: [own] },
        { to: [{ ipBlock: { cidr: '0.0.0.0/0' } }], ports: [{ protocol: 'TCP', port: 443 }] },
        { to: [{ ipBlock: { cidr: '169.254.169.252/32' } }], ports: [{ protocol: 'TCP', port: 988 }] },
        { to: [{ ipBlock: { cidr: '169.254.169.254/32' } }], ports: [{ protocol: 'TCP', port: 80 }] },
      ],
    }),
  ];
}

export const brokerMetricsPort = 9404;

const partOfFleetbed = { 'app.kubernetes.io/part-of': 'fleetbed' };

/** Cloud DNS answers at the node; kube-dns where a cluster has it. */
const names: input.networking.v1.NetworkPolicyEgressRule = {
  to: [
    { ipBlock: { cidr: '169.254.20.10/32' } },
    { ipBlock: { cidr: '169.254.169.254/32' } },
    inNamespace('kube-system'),
  ],
  ports: [
    { protocol: 'UDP', port: 53 },
    { protocol: 'TCP', port: 53 },
  ],
};

function policy(
  { namespace, provider, stack }: WorkloadContext,
  name: string,
  matchLabels: Record<string, string>,
  rules: Rules,
): NetworkPolicy {
  const policyTypes = [...(rules.ingress ? ['Ingress'] : []), ...(rules.egress ? ['Egress'] : [])];
  return new NetworkPolicy(
    name,
    {
      metadata: { name, namespace, labels: stack.labels },
      spec: { podSelector: { matchLabels }, policyTypes, ...rules },
    },
    { provider },
  );
}

function podsOf(workload: WorkloadName): input.networking.v1.NetworkPolicyPeer {
  return { podSelector: { matchLabels: selectorOf(workload) } };
}

function inNamespace(name: string): input.networking.v1.NetworkPolicyPeer {
  return { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } } };
}

function from(
  peer: input.networking.v1.NetworkPolicyPeer,
  port: number,
): input.networking.v1.NetworkPolicyIngressRule {
  return { from: [peer], ports: [{ protocol: 'TCP', port }] };
}

function to(
  peer: input.networking.v1.NetworkPolicyPeer,
  port: number,
): input.networking.v1.NetworkPolicyEgressRule {
  return { to: [peer], ports: [{ protocol: 'TCP', port }] };
}
