import kafkajs, { Kafka, logLevel } from 'kafkajs';
import { saslKafka } from '../../test/sasl-kafka.ts';
import { kafkaUsers } from '../kafka/rights.ts';
import type { Loose } from './pods.ts';
import { kubernetesObjects, ofType, type Rendered } from './stacks.ts';

/** One right of a stack, whichever form of Kafka it is written for. */
interface Right {
  user: string;
  resource: 'topic' | 'transactionalId';
  name: string;
  isPrefix: boolean;
  operation: string;
}

export interface GuardedKafka {
  /** Whoever comes here says who it is (SASL/PLAIN), and may do what a stack lets it do. */
  brokers: string[];
  /** Of every user. */
  password: string;
  /** May do everything. */
  as(user?: string): Kafka;
  stop(): Promise<void>;
}

// Node finds most of this CommonJS package's names, not these.
const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs;

/** A real Kafka that lets each user do what the stack's KafkaUsers or ACLs say, and nothing else. */
export async function guardedKafka(resources: readonly Rendered[]): Promise<GuardedKafka> {
  const kafka = await saslKafka(kafkaUsers, [
    'authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users=User:ANONYMOUS',
  ]);
  const { guarded, password } = kafka;
  const as = (user?: string): Kafka =>
    new Kafka({
      brokers: user === undefined ? kafka.brokers : guarded,
      logLevel: logLevel.NOTHING,
      retry: { retries: 2 },
      ...(user !== undefined && { sasl: { mechanism: 'plain', username: user, password } }),
    });
  const admin = as().admin();
  await admin.connect();
  await admin.createAcls({ acl: rightsIn(resources).map(aclOf) });
  await admin.disconnect();
  return { brokers: guarded, password, as, stop: async () => kafka.stop() };
}

/** What a stack's own objects say, read back out of them. */
function rightsIn(resources: readonly Rendered[]): Right[] {
  const strimzi = kubernetesObjects(resources).filter(({ kind }) => kind === 'KafkaUser') as Loose[];
  const ofStrimzi = strimzi.flatMap(({ metadata, spec }) =>
    spec.authorization.acls.flatMap(({ resource, operations }: Loose) =>
      operations.map((operation: string) => ({
        user: metadata.name,
        resource: resource.type,
        name: resource.name,
        isPrefix: resource.patternType === 'prefix',
        operation,
      })),
    ),
  );
  const ofGoogle = ofType(resources, 'gcp:managedkafka/acl:Acl').flatMap(({ inputs }) => {
    const { aclId, aclEntries } = inputs as Loose;
    const [kind = '', ...rest] = aclId.split('/') as string[];
    return aclEntries.map(({ principal, operation }: Loose) => ({
      user: /-([a-z]+)@/.exec(principal)?.[1] ?? '',
      resource: kind.replace('Prefixed', ''),
      name: rest.join('/'),
      isPrefix: kind.endsWith('Prefixed'),
      operation,
    }));
  });
  return [...ofStrimzi, ...ofGoogle];
}

/** Describe, DescribeConfigs or DESCRIBE_CONFIGS, as Strimzi and Google write them. */
function aclOf({ user, resource, name, isPrefix, operation }: Right): Loose {
  const word = operation.replaceAll(/([a-z])([A-Z])/g, '$1_$2').toUpperCase();
  return {
    resourceType: { topic: AclResourceTypes.TOPIC, transactionalId: AclResourceTypes.TRANSACTIONAL_ID }[
      resource
    ],
    resourceName: name,
    resourcePatternType: ResourcePatternTypes[isPrefix ? 'PREFIXED' : 'LITERAL'],
    principal: `User:${user}`,
    host: '*',
    operation: AclOperationTypes[word as keyof typeof AclOperationTypes],
    permissionType: AclPermissionTypes.ALLOW,
  };
}
