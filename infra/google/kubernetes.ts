import type { Cluster } from '@pulumi/gcp/container/cluster.js';
import { Provider } from '@pulumi/kubernetes/provider.js';
import { interpolate, type Resource } from '@pulumi/pulumi';

/** The cluster's API through its DNS name; who asks is known by gcloud's own login (gke-gcloud-auth-plugin), not by a stored token. */
export function kubernetesApi(cluster: Cluster, dependsOn: Resource[]): Provider {
  const endpoint = cluster.controlPlaneEndpointsConfig.apply(
    (config) => config.dnsEndpointConfig?.endpoint ?? '',
  );
  const kubeconfig = interpolate`apiVersion: v1
kind: Config
clusters: [{ name: gke, cluster: { server: "https://${endpoint}" } }]
contexts: [{ name: gke, context: { cluster: gke, user: gcloud } }]
current-context: gke
users:
  - name: gcloud
    user:
      exec:
        apiVersion: client.authentication.k8s.io/v1beta1
        command: gke-gcloud-auth-plugin
        provideClusterInfo: true
        interactiveMode: Never
`;
  return new Provider('gke', { kubeconfig, enableServerSideApply: true }, { dependsOn });
}
