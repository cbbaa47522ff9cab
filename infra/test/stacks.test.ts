import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { before, suite, test } from 'node:test';
import { topicConfig, topics } from '../../contract/topics.ts';
import type { Stack } from '../config/stack.ts';
import { kafkaVersion, kafkaVersions, metadataVersion } from '../kafka/strimzi/versions.ts';
import { kubernetesObjects, ofType, render, settingsFor, variants, type Rendered } from './stacks.ts';

/** Google's own words (cloud.google.com: REST references of container, storage, compute, managedkafka). */
const allowed = {
  datapathProvider: ['LEGACY_DATAPATH', 'ADVANCED_DATAPATH'],
  inTransitEncryptionConfig: [
    'IN_TRANSIT_ENCRYPTION_DISABLED',
    'IN_TRANSIT_ENCRYPTION_INTER_NODE_TRANSPARENT',
  ],
  channel: ['RAPID', 'REGULAR', 'STABLE', 'EXTENDED'],
  locationPolicy: ['BALANCED', 'ANY'],
  storageClass: ['STANDARD', 'NEARLINE', 'COLDLINE', 'ARCHIVE'],
  publicAccessPrevention: ['inherited', 'enforced'],
  networkingMode: ['VPC_NATIVE', 'ROUTES'],
  imageType: ['COS_CONTAINERD', 'UBUNTU_CONTAINERD'],
  effect: ['NO_SCHEDULE', 'PREFER_NO_SCHEDULE', 'NO_EXECUTE'],
  strategy: ['SURGE', 'BLUE_GREEN'],
  natIpAllocateOption: ['AUTO_ONLY', 'MANUAL_ONLY'],
  clusterDns: ['PROVIDER_UNSPECIFIED', 'PLATFORM_DEFAULT', 'CLOUD_DNS'],
  permissionType: ['ALLOW', 'DENY'],
  tagState: ['TAGGED', 'UNTAGGED', 'ANY'],
  spendBasis: ['CURRENT_SPEND', 'FORECASTED_SPEND'],
};

for (const { stack: name, kafka, title } of variants) {
  suite(title, () => {
    let stack: Stack;
    let resources: Rendered[];
    const one = (type: string): Loose => {
      const [found, ...more] = ofType(resources, type);
      assert.ok(found && more.length === 0, `${type}: ${more.length}`);
      return found.inputs;
    };
    before(async () => ({ stack, resources } = await render(name, settingsFor(name, kafka))));

    test('words that only Google checks are words that it knows', () => {
      let checked = 0;
      const look = (value: unknown): void => {
        if (typeof value !== 'object' || value === null) return;
        for (const [key, inner] of Object.entries(value)) {
          if (key in allowed && typeof inner === 'string') {
            assert.ok(allowed[key as keyof typeof allowed].includes(inner), `${key}: ${inner}`);
            checked++;
          }
          look(inner);
        }
      };
      for (const { type, inputs } of resources) if (type.startsWith('gcp:')) look(inputs);
      assert.ok(checked > 15, String(checked));
    });

    test('nodes stand in the one subnet, and reach the world through NAT alone', () => {
      const cluster = one('gcp:container/cluster:Cluster');
      const network = one('gcp:compute/network:Network');
      const subnet = one('gcp:compute/subnetwork:Subnetwork');
      assert.equal(network.autoCreateSubnetworks, false);
      assert.equal(cluster.network, 'network-id');
      assert.equal(cluster.subnetwork, 'nodes-id');
      const names = new Set(subnet.secondaryIpRanges.map((range: Loose) => range.rangeName));
      assert.ok(names.has(cluster.ipAllocationPolicy.clusterSecondaryRangeName));
      assert.ok(names.has(cluster.ipAllocationPolicy.servicesSecondaryRangeName));
      assert.equal(one('gcp:compute/routerNat:RouterNat').subnetworks[0].name, 'nodes-id');
      assert.equal(subnet.privateIpGoogleAccess, true);
      assert.match(cluster.location, /^[a-z]+-[a-z]+\d$/);
    });

    test('every pool is the one that the plan names, within its bounds', () => {
      const pools = ofType(resources, 'gcp:container/nodePool:NodePool');
      assert.deepEqual(pools.map((pool) => pool.name).sort(), Object.keys(stack.size.pools).sort());
      for (const pool of pools) {
        const planned = stack.size.pools[pool.name as keyof typeof stack.size.pools];
        const { autoscaling, nodeConfig } = pool.inputs as Loose;
        assert.equal(nodeConfig.machineType, planned?.machineType);
        assert.ok(autoscaling.totalMinNodeCount <= autoscaling.totalMaxNodeCount);
        assert.ok(autoscaling.totalMaxNodeCount >= (planned?.nodes ?? Infinity));
        assert.equal(nodeConfig.spot, name === 'dev' || pool.name === 'load');
        // Google takes these of spot machines alone.
        assert.equal('kubeletConfig' in nodeConfig, nodeConfig.spot, pool.name);
        // Brokers want a node in each zone, wherever spot machines are to be had.
        if (pool.name === 'kafka') assert.equal(autoscaling.locationPolicy, 'BALANCED');
        assert.match(nodeConfig.serviceAccount, /^fleetbed-.*-nodes@/);
      }
    });

    test('what holds data cannot be deleted from a stack that is protected, and goes with one that is not', () => {
      const isProtected = name === 'load';
      assert.equal(one('gcp:container/cluster:Cluster').deletionProtection, isProtected);
      for (const bucket of ofType(resources, 'gcp:storage/bucket:Bucket')) {
        assert.equal(bucket.inputs['forceDestroy'], !isProtected, bucket.name);
      }
      const edge = object('StatefulSet', 'edge').spec.persistentVolumeClaimRetentionPolicy;
      assert.equal(edge.whenDeleted, isProtected ? 'Retain' : 'Delete');
    });

    test('a stack can be made again after it was torn down: what Google never deletes has a new name each time', () => {
      assert.equal(one('gcp:kms/keyRing:KeyRing').name, undefined);
      assert.equal(one('gcp:kms/cryptoKey:CryptoKey').name, undefined);
    });

    test('the APIs of Google that the resources are of are switched on', () => {
      const on = new Set(
        ofType(resources, 'gcp:projects/service:Service').map(({ inputs }) => inputs['service']),
      );
      const apis: Record<string, string> = {
        artifactregistry: 'artifactregistry',
        billing: 'billingbudgets',
        compute: 'compute',
        container: 'container',
        kms: 'cloudkms',
        managedkafka: 'managedkafka',
        monitoring: 'monitoring',
        projects: 'cloudresourcemanager',
        serviceaccount: 'iam',
        storage: 'storage',
      };
      const modules = new Set(
        resources.flatMap(({ type }) => (type.startsWith('gcp:') ? (type.split(/[:/]/)[1] ?? '') : [])),
      );
      for (const module of modules) assert.ok(on.has(`${apis[module]}.googleapis.com`), module);
      // Of what the cluster is asked for: Cloud DNS, Workload Identity.
      for (const api of ['dns', 'iamcredentials']) assert.ok(on.has(`${api}.googleapis.com`), api);
    });

    test('the budget is asked for in the name of the project, as its API wants of people', () => {
      const { projects } = one('gcp:billing/budget:Budget').budgetFilter;
      assert.deepEqual(projects, ['projects/123456789012']);
      const provider = resources.find(({ name: called }) => called === 'gcp-of-budget')?.inputs as Loose;
      assert.equal(provider.billingProject, 'some-project');
      assert.equal(String(provider.userProjectOverride), 'true');
    });

    test('what takes labels says which stack it is of', () => {
      const labelled = [
        'gcp:storage/bucket:Bucket',
        'gcp:kms/cryptoKey:CryptoKey',
        'gcp:artifactregistry/repository:Repository',
      ];
      for (const type of labelled) {
        for (const { inputs, name: called } of ofType(resources, type)) {
          assert.deepEqual(inputs['labels'], { app: 'fleetbed', stack: name }, called);
        }
      }
      assert.deepEqual(one('gcp:container/cluster:Cluster').resourceLabels, { app: 'fleetbed', stack: name });
    });

    test('secrets are secret to Pulumi as well, and each edge gets a password of its own', () => {
      const secrets = ofType(resources, 'kubernetes:core/v1:Secret');
      for (const secret of secrets) assert.ok(secret.hasSecrets, secret.name);
      const uplinks = Object.entries(object('Secret', 'edge-uplinks').stringData as Record<string, string>);
      assert.equal(uplinks.length, stack.size.edges.count);
      assert.equal(new Set(uplinks.map(([, text]) => text)).size, uplinks.length);
      const clear = ['the secret of a whole fleet', 'the secret of all the edges', 'BEGIN PRIVATE KEY'];
      for (const { type, inputs, name: called } of resources) {
        if (type === 'kubernetes:core/v1:Secret') continue;
        for (const text of clear) assert.ok(!JSON.stringify(inputs).includes(text), called);
      }
    });

    test('edges know the public half of the key that the trainer signs with', () => {
      const data = object('ConfigMap', 'release-public-key').data as Record<string, string>;
      const signing = object('Secret', 'release-key').stringData as Record<string, string>;
      const expected = createPublicKey(signing['release-key.pem'] ?? '').export({
        type: 'spki',
        format: 'pem',
      });
      assert.equal(data['release-key.pub.pem'], expected);
    });

    test("topics are the contract's, with copies that outlive a broker", () => {
      const kafkaTopics =
        kafka === 'strimzi'
          ? kubernetesObjects(resources)
              .filter(({ kind }) => kind === 'KafkaTopic')
              .map(({ spec }) => spec as Loose)
              .map((spec) => ({ ...spec, name: spec.topicName }))
          : ofType(resources, 'gcp:managedkafka/topic:Topic')
              .map(({ inputs }) => inputs as Loose)
              .map((topic) => ({
                name: topic.topicId,
                partitions: topic.partitionCount,
                replicas: topic.replicationFactor,
                config: topic.configs,
              }));
      assert.deepEqual(
        new Set(kafkaTopics.map((topic) => topic.name)),
        new Set(topics.map((topic) => topic.name)),
      );
      assert.equal(kafkaTopics.length, topics.length);
      for (const spec of topics) {
        const made = kafkaTopics.find((topic) => topic.name === spec.name);
        const options = { tieredStorage: kafka === 'strimzi', ...stack.size.kafka };
        assert.deepEqual(made.config, topicConfig(spec, options), spec.name);
        assert.equal(made.partitions, stack.size.kafka.partitions[spec.name]);
        assert.equal(made.replicas, 3);
      }
    });

    test('nobody but the reader has a way to the truth, and nobody may make a topic', () => {
      const rights = JSON.stringify(
        kafka === 'strimzi'
          ? kubernetesObjects(resources)
              .filter(({ kind }) => kind === 'KafkaUser')
              .filter(({ metadata }) => metadata.name !== 'reader')
          : ofType(resources, 'gcp:managedkafka/acl:Acl').map(({ inputs }) =>
              (inputs as Loose).aclEntries
                .filter((entry: Loose) => !entry.principal.includes('-reader@'))
                .map((entry: Loose) => [(inputs as Loose).aclId, entry]),
            ),
      );
      assert.ok(rights.includes('fleet.telemetry'));
      assert.ok(!rights.includes('fleet.truth'));
      assert.doesNotMatch(rights, /create|alter|delete|"all"/i);
    });

    if (kafka === 'strimzi') {
      test("Strimzi's own rules hold: versions that it runs, fewer in-sync copies than copies, the tiered storage's class", () => {
        const spec = object('Kafka', 'fleet').spec.kafka;
        assert.ok((kafkaVersions as readonly string[]).includes(spec.version));
        assert.equal(spec.version, kafkaVersion);
        assert.equal(spec.metadataVersion, metadataVersion);
        assert.equal(metadataVersion, `${kafkaVersion.split('.').slice(0, 2).join('.')}-IV0`);
        const brokers = object('KafkaNodePool', 'brokers').spec;
        assert.ok(spec.config['min.insync.replicas'] < spec.config['default.replication.factor']);
        assert.ok(spec.config['default.replication.factor'] <= brokers.replicas);
        assert.ok(
          spec.config['transaction.state.log.min.isr'] <
            spec.config['transaction.state.log.replication.factor'],
        );
        assert.equal(
          spec.tieredStorage.remoteStorageManager.className,
          'io.aiven.kafka.tieredstorage.RemoteStorageManager',
        );
        assert.equal(
          spec.tieredStorage.remoteStorageManager.config['storage.gcs.bucket.name'],
          bucketOf('history').name,
        );
        // Strimzi sets these itself and refuses to be told (its documentation: Kafka.spec.kafka.config).
        for (const key of Object.keys(spec.config))
          assert.doesNotMatch(
            key,
            /^(listeners|broker\.|node\.|log\.dirs|process\.roles|remote\.log\.storage\.system)/,
          );
        const cruiseControl = object('Kafka', 'fleet').spec.cruiseControl;
        assert.deepEqual(
          cruiseControl.autoRebalance.map((each: Loose) => each.mode),
          ['add-brokers', 'remove-brokers'],
        );
        assert.equal(spec.rack.topologyKey, 'topology.kubernetes.io/zone');
        assert.equal(spec.quotas.type, 'kafka');
        assert.deepEqual(object('KafkaNodePool', 'controllers').spec.roles, ['controller']);
        assert.equal(object('KafkaNodePool', 'controllers').spec.replicas % 2, 1);
      });
    } else {
      test("Google's Kafka is as large as it must be: at least 3 vCPUs, 1 to 8 GiB each", () => {
        const { capacityConfig, gcpConfig } = one('gcp:managedkafka/cluster:Cluster');
        const vcpus = Number(capacityConfig.vcpuCount);
        const gib = Number(capacityConfig.memoryBytes) / 1024 ** 3;
        assert.ok(vcpus >= 3 && gib / vcpus >= 1 && gib / vcpus <= 8);
        assert.match(
          gcpConfig.accessConfig.networkConfigs[0].subnet,
          /^projects\/.*\/regions\/.*\/subnetworks\/.*-nodes$/,
        );
      });
    }

    function object(kind: string, called: string): Loose {
      const found = kubernetesObjects(resources).find(
        (each) => each.kind === kind && each.metadata.name === called,
      );
      assert.ok(found, `${kind} ${called}`);
      return found;
    }

    function bucketOf(bucket: string): Loose {
      return ofType(resources, 'gcp:storage/bucket:Bucket').find((each) => each.name === bucket)?.inputs;
    }
  });
}

/** Inputs as they come: any field may be looked at. */
// eslint-disable-next-line typescript/no-explicit-any -- what a field is, the assertions say
type Loose = any;
