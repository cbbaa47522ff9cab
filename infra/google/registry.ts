import { Repository } from '@pulumi/gcp/artifactregistry/repository.js';
import { RepositoryIamMember } from '@pulumi/gcp/artifactregistry/repositoryIamMember.js';
import type { Account } from '@pulumi/gcp/serviceaccount/account.js';
import { interpolate, type Output, type Resource } from '@pulumi/pulumi';
import type { Stack } from '../config/stack.ts';

/** Where images of fleetbed and of Kafka with its plug-in are pushed. Tags cannot be moved; what has no tag goes after a month. */
export function registry(
  { settings, labels, name }: Stack,
  nodes: Account,
  dependsOn: Resource[],
): Output<string> {
  const location = settings['gcp:region'];
  const repository = new Repository(
    'images',
    {
      repositoryId: `fleetbed-${name}`,
      location,
      format: 'DOCKER',
      description: 'Images of fleetbed and its Kafka',
      dockerConfig: { immutableTags: true },
      cleanupPolicies: [
        { id: 'untagged', action: 'DELETE', condition: { tagState: 'UNTAGGED', olderThan: '2592000s' } },
      ],
      labels,
    },
    { dependsOn },
  );
  new RepositoryIamMember('nodes-pull', {
    repository: repository.name,
    location,
    role: 'roles/artifactregistry.reader',
    member: interpolate`serviceAccount:${nodes.email}`,
  });
  return interpolate`${location}-docker.pkg.dev/${settings['gcp:project']}/${repository.repositoryId}`;
}
