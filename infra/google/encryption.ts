import { CryptoKey } from '@pulumi/gcp/kms/cryptoKey.js';
import { CryptoKeyIAMMember } from '@pulumi/gcp/kms/cryptoKeyIAMMember.js';
import { KeyRing } from '@pulumi/gcp/kms/keyRing.js';
import { getProjectOutput } from '@pulumi/gcp/organizations/getProject.js';
import { interpolate, type Output, type Resource } from '@pulumi/pulumi';
import type { Stack } from '../config/stack.ts';

const quarterSeconds = '7776000s';

/**
 * The key that GKE encrypts Kubernetes secrets with, and the right to use it. Google never deletes a key ring or a key's name:
 * Pulumi gives both names of their own each time, so that a stack can be made again after it was torn down.
 */
export function secretsKey(
  { settings, labels, name }: Stack,
  dependsOn: Resource[],
): { id: Output<string>; granted: Resource } {
  const project = settings['gcp:project'];
  const ring = new KeyRing(`fleetbed-${name}`, { location: settings['gcp:region'] }, { dependsOn });
  const key = new CryptoKey('kubernetes-secrets', {
    keyRing: ring.id,
    rotationPeriod: quarterSeconds,
    labels,
  });
  const { number } = getProjectOutput({ projectId: project }, { dependsOn });
  const granted = new CryptoKeyIAMMember('kubernetes-secrets-gke', {
    cryptoKeyId: key.id,
    role: 'roles/cloudkms.cryptoKeyEncrypterDecrypter',
    member: interpolate`serviceAccount:service-${number}@container-engine-robot.iam.gserviceaccount.com`,
  });
  return { id: key.id, granted };
}
