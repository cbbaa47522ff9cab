import { Cluster } from '@pulumi/gcp/container/cluster.js';
import type { Account } from '@pulumi/gcp/serviceaccount/account.js';
import type { Output, Resource } from '@pulumi/pulumi';
import type { Stack } from '../config/stack.ts';
import { rangeNames, type Net } from './network.ts';

/**
 * A regional cluster without public addresses. Its API server has no IP endpoint at all: it is reached by its DNS name,
 * through Google's front end, which asks IAM first (container.clusters.connect).
 */
export function cluster(
  { settings, labels, name }: Stack,
  { network, subnetwork }: Net,
  key: { id: Output<string>; granted: Resource },
  nodes: Account,
): Cluster {
  const isProtected = settings['fleetbed:protect'];
  return new Cluster(
    'cluster',
    {
      name: `fleetbed-${name}`,
      location: settings['gcp:region'],
      network: network.id,
      subnetwork: subnetwork.id,
      networkingMode: 'VPC_NATIVE',
      ipAllocationPolicy: {
        clusterSecondaryRangeName: rangeNames.pods,
        servicesSecondaryRangeName: rangeNames.services,
      },
      datapathProvider: 'ADVANCED_DATAPATH',
      inTransitEncryptionConfig: 'IN_TRANSIT_ENCRYPTION_INTER_NODE_TRANSPARENT',
      dnsConfig: { clusterDns: 'CLOUD_DNS', clusterDnsScope: 'CLUSTER_SCOPE' },
      privateClusterConfig: { enablePrivateNodes: true },
      controlPlaneEndpointsConfig: {
        dnsEndpointConfig: { allowExternalTraffic: true },
        ipEndpointsConfig: { enabled: false },
      },
      workloadIdentityConfig: { workloadPool: `${settings['gcp:project']}.svc.id.goog` },
      databaseEncryption: { state: 'ENCRYPTED', keyName: key.id },
      releaseChannel: { channel: 'REGULAR' },
      maintenancePolicy: { recurringWindow: weekend },
      enableShieldedNodes: true,
      securityPostureConfig: { mode: 'BASIC', vulnerabilityMode: 'VULNERABILITY_DISABLED' },
      loggingConfig: { enableComponents: ['SYSTEM_COMPONENTS', 'WORKLOADS'] },
      // Prometheus of our own scrapes the parts (monitoring/): ServiceMonitors, which Google's does not read.
      monitoringConfig: { enableComponents: ['SYSTEM_COMPONENTS'], managedPrometheus: { enabled: false } },
      addonsConfig: { gcePersistentDiskCsiDriverConfig: { enabled: true } },
      // Pools are resources of their own; the one that a cluster begins with goes at once, and never gets the default account.
      removeDefaultNodePool: true,
      initialNodeCount: 1,
      nodeConfig: {
        serviceAccount: nodes.email,
        shieldedInstanceConfig: { enableSecureBoot: true, enableIntegrityMonitoring: true },
      },
      resourceLabels: labels,
      deletionProtection: isProtected,
    },
    { dependsOn: [key.granted], protect: isProtected, ignoreChanges: ['nodeConfig'] },
  );
}

/** Upgrades of the control plane and of nodes: Saturday and Sunday night, UTC. */
const weekend = {
  startTime: '2026-01-03T00:00:00Z',
  endTime: '2026-01-03T06:00:00Z',
  recurrence: 'FREQ=WEEKLY;BYDAY=SA,SU',
};
