import { Service } from '@pulumi/gcp/projects/service.js';
import type { Stack } from '../config/stack.ts';

const needed = [
  'artifactregistry',
  'billingbudgets',
  'cloudkms',
  // Roles on the project, and its number. The README has it switched on before: this program asks for it as it begins.
  'cloudresourcemanager',
  'compute',
  'container',
  // The cluster's names are Cloud DNS'.
  'dns',
  'iam',
  // Workload Identity.
  'iamcredentials',
  'monitoring',
  'storage',
];

/** Google's APIs that the program calls. They stay on when the stack goes: others in the project may use them. */
export function services({ settings }: Stack): Service[] {
  const managed = settings['fleetbed:kafka'] === 'managed' ? ['managedkafka'] : [];
  return [...needed, ...managed].map(
    (name) => new Service(name, { service: `${name}.googleapis.com`, disableOnDestroy: false }),
  );
}
