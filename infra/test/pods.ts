import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { bridgeConfig } from '../../bridge/config.ts';
import { trainerConfig } from '../../cloud/config.ts';
import { edgeConfig } from '../../edge-agent/config.ts';
import { simulatorConfig } from '../../simulator/config.ts';
import type { KubernetesObject } from './stacks.ts';

export const parts = ['edge', 'bridge', 'trainer', 'simulator'] as const;
export type Part = (typeof parts)[number];

/** What the command of each part reads its settings by. */
export const schemas = {
  edge: edgeConfig,
  bridge: bridgeConfig,
  trainer: trainerConfig,
  simulator: simulatorConfig,
} as const;

const kinds = {
  edge: 'StatefulSet',
  bridge: 'Deployment',
  trainer: 'CronJob',
  simulator: 'Job',
  reader: 'Deployment',
} as const;

/** The pods that a stack's objects make, as their containers would see them. */
export class Pods {
  readonly #objects: readonly KubernetesObject[];
  /** Where mounted files stand. */
  readonly folder = mkdtempSync(path.join(tmpdir(), 'fleetbed-pods-'));

  constructor(objects: readonly KubernetesObject[]) {
    this.#objects = objects;
  }

  /** @throws Error where a stack has none */
  object(kind: string, called: string): Loose {
    const found = this.#objects.find((each) => each.kind === kind && each.metadata.name === called);
    if (!found) throw new Error(`there is no ${kind} ${called}`);
    return found;
  }

  /** What a part's pods are made from: metadata and spec. */
  template(part: keyof typeof kinds): Loose {
    const { spec } = this.object(kinds[part], part);
    return spec.template ?? spec.jobTemplate.spec.template;
  }

  spec(part: keyof typeof kinds): Loose {
    return this.template(part).spec;
  }

  /** Its variables, with secrets, fields and mounted files filled in. */
  environment(part: keyof typeof kinds): Record<string, string> {
    const fields: Record<string, string> = { 'metadata.name': `${part}-0` };
    const env: Record<string, string> = {};
    for (const { name, value, valueFrom } of this.spec(part).containers[0].env) {
      env[name] = value ?? this.#from(valueFrom, fields);
    }
    const files = {
      FLEETBED_CONFIG: ['Secret', 'edge-uplinks', 'edge-0.yaml'],
      FLEETBED_MODEL_PUBLIC_KEY: ['ConfigMap', 'release-public-key', 'release-key.pub.pem'],
      FLEETBED_SIGNING_KEY: ['Secret', 'release-key', 'release-key.pem'],
    } as const;
    for (const [variable, [kind, name, key]] of Object.entries(files)) {
      if (env[variable] === undefined) continue;
      const object = this.object(kind, name);
      env[variable] = path.join(this.folder, key);
      writeFileSync(env[variable], (object.stringData ?? object.data)[key]);
    }
    return env;
  }

  /** Kafka's own secrets are made in the cluster: those have some text. */
  #from(valueFrom: Loose, fields: Record<string, string>): string {
    if (valueFrom.fieldRef) return fields[valueFrom.fieldRef.fieldPath] ?? '0';
    const { name, key } = valueFrom.secretKeyRef;
    const secret = this.#objects.find((each) => each.kind === 'Secret' && each.metadata.name === name);
    return (secret as Loose)?.stringData[key] ?? 'a secret of some length';
  }
}

/** Objects as they come: any field may be looked at. */
// eslint-disable-next-line typescript/no-explicit-any -- what a field is, the assertions say
export type Loose = any;
