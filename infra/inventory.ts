import { interpolate, type Input } from '@pulumi/pulumi';
import type { Stack } from './config/stack.ts';
import { budget } from './google/budget.ts';
import { buckets } from './google/buckets.ts';
import { cluster } from './google/cluster.ts';
import { secretsKey } from './google/encryption.ts';
import { nodeAccount } from './google/identities.ts';
import { kubernetesApi } from './google/kubernetes.ts';
import { network } from './google/network.ts';
import { nodePools } from './google/node-pools.ts';
import { registry } from './google/registry.ts';
import { services } from './google/services.ts';
import type { KafkaAccess } from './kafka/kafka.ts';
import { managed } from './kafka/managed.ts';
import { strimzi } from './kafka/strimzi/strimzi.ts';
import { alertRules } from './monitoring/alert-rules.ts';
import { grafanaDashboards } from './monitoring/dashboards.ts';
import { monitoring } from './monitoring/operator.ts';
import { monitors } from './monitoring/service-monitors.ts';
import { bridge } from './workloads/bridge.ts';
import { edges } from './workloads/edges.ts';
import { namespace } from './workloads/namespace.ts';
import { networkPolicies } from './workloads/network-policies.ts';
import { reader } from './workloads/reader.ts';
import { secrets } from './workloads/secrets.ts';
import { simulator } from './workloads/simulator.ts';
import { trainer } from './workloads/trainer.ts';

export type Outputs = Record<
  'registry' | 'resultsBucket' | 'kubectl' | 'kafka' | 'kafkaForm' | 'run',
  Input<string>
> & {
  size: Stack['size'];
};

/** All that a stack consists of, in the order in which one thing needs the other. */
export function inventory(stack: Stack): Outputs {
  const { settings } = stack;
  const apis = services(stack);

  // On Google Cloud
  const net = network(stack, apis);
  const account = nodeAccount(stack, apis);
  const images = registry(stack, account, apis);
  const { results, history } = buckets(stack, apis);
  const gke = cluster(stack, net, secretsKey(stack, apis), account);
  const pools = nodePools(stack, gke, account, [net.nat]);
  budget(stack, apis);

  // In the cluster
  const provider = kubernetesApi(gke, pools);
  const own = namespace(stack, provider, pools);
  const prometheus = monitoring(stack, provider, pools);

  // Kafka, in one of two forms
  const within = { namespace: own, provider };
  const kafka: KafkaAccess =
    history === undefined ? managed(stack, within, net, apis) : strimzi(stack, within, history, pools);

  // fleetbed
  const context = {
    stack,
    namespace: own,
    provider,
    kafka,
    secrets: secrets(stack, own, provider),
    dependsOn: pools,
  };
  networkPolicies(context);
  edges(context);
  bridge(context);
  trainer(context);
  simulator(context);
  reader(context);

  // What one sees of it
  monitors(context, [prometheus]);
  alertRules(context, [prometheus]);
  grafanaDashboards(context);

  const place = `--location ${settings['gcp:region']} --project ${settings['gcp:project']}`;
  return {
    registry: images,
    resultsBucket: results.name,
    kubectl: interpolate`gcloud container clusters get-credentials ${gke.name} ${place} --dns-endpoint`,
    kafka: kafka.brokers,
    kafkaForm: kafka.form,
    run: settings['fleetbed:run'],
    size: stack.size,
  };
}
