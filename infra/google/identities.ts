import { IAMMember } from '@pulumi/gcp/projects/iammember.js';
import { Account } from '@pulumi/gcp/serviceaccount/account.js';
import { interpolate, type Resource } from '@pulumi/pulumi';
import type { Stack } from '../config/stack.ts';

/**
 * What nodes are: an account that may write logs and metrics, and nothing else. Reading images is granted on the one
 * registry (google/registry.ts). Pods get nothing of it: the metadata server gives them their own identity.
 */
export function nodeAccount({ settings, name }: Stack, dependsOn: Resource[]): Account {
  const account = new Account(
    'node-account',
    { accountId: `fleetbed-${name}-nodes`, displayName: `Nodes of fleetbed ${name}` },
    { dependsOn },
  );
  new IAMMember('nodes-run', {
    project: settings['gcp:project'],
    role: 'roles/container.defaultNodeServiceAccount',
    member: interpolate`serviceAccount:${account.email}`,
  });
  return account;
}
