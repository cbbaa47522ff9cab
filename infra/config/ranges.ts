/** Nodes, pods and services each have addresses of their own: 4,096 nodes, 1,024 of 110 pods each, 4,096 services. */
export const ranges = { nodes: '10.0.0.0/20', pods: '10.64.0.0/14', services: '10.1.0.0/20' } as const;

/** GKE gives each node 256 of the pods' addresses: twice the 110 pods that it may run, and to the next power of two. */
const podAddressesOfNode = 256;
export const mostNodes = 2 ** (32 - Number(ranges.pods.split('/')[1])) / podAddressesOfNode;
