import { secret, type Output } from '@pulumi/pulumi';
import { allConfig } from '@pulumi/pulumi/runtime/config.js';
import { getStack } from '@pulumi/pulumi/metadata.js';
import { clusterSizeOf, type ClusterSize } from '../../testbed/cluster/size.ts';
import { SettingsError, settingsOf, type Settings } from './settings.ts';

/** All that the program knows when it begins: the checked settings of a stack and the size that follows from them. */
export interface Stack {
  name: string;
  settings: Omit<Settings, 'fleetbed:fleetSecret' | 'fleetbed:edgeSecret' | 'fleetbed:signingKey'>;
  secrets: { fleetSecret: Output<string>; edgeSecret: Output<string>; signingKey: Output<string> };
  size: ClusterSize;
  /** On everything that takes labels. */
  labels: Record<string, string>;
}

/** @throws SettingsError before anything is created */
export function readStack(): Stack {
  const given = Object.entries(allConfig()).filter(([key]) => /^(gcp|fleetbed):/.test(key));
  return stackOf(Object.fromEntries(given), getStack());
}

/** It is part of every name on Google Cloud: a service account's is the shortest, of 30 characters. */
const stackName = /^[a-z]([a-z0-9-]{0,9}[a-z0-9])?$/;

/** @throws SettingsError */
export function stackOf(given: Record<string, string>, name: string): Stack {
  if (!stackName.test(name)) {
    const expected = 'expected at most 11 small letters, digits and -, beginning with a letter';
    throw new SettingsError(
      `stack ${name} is not configured right:\n  its name is part of others: ${expected}`,
    );
  }
  const all = settingsOf(given, name);
  const {
    'fleetbed:fleetSecret': fleetSecret,
    'fleetbed:edgeSecret': edgeSecret,
    'fleetbed:signingKey': signingKey,
    ...settings
  } = all;
  return {
    name,
    settings,
    secrets: {
      fleetSecret: secret(fleetSecret),
      edgeSecret: secret(edgeSecret),
      signingKey: secret(signingKey),
    },
    size: clusterSizeOf({
      cars: settings['fleetbed:cars'],
      messageIntervalMs: settings['fleetbed:messageInterval'],
      readingsPerMessage: settings['fleetbed:readingsPerMessage'],
      kafka: settings['fleetbed:kafka'],
      edges: settings['fleetbed:edges'],
      bridges: settings['fleetbed:bridges'],
      simulators: settings['fleetbed:simulators'],
      brokers: settings['fleetbed:brokers'],
    }),
    labels: { app: 'fleetbed', stack: name },
  };
}
