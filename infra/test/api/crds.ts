import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse } from 'yaml';
import { strimziVersion } from '../../kafka/strimzi/versions.ts';
import { cached } from './cache.ts';
import { run, type Tools } from './tools.ts';

/** Of Prometheus' operator: its types, and the generator that its own build uses. */
const prometheusOperator = '0.92.1';
const controllerTools = '0.23.0';
const kinds = ['servicemonitors', 'podmonitors', 'prometheusrules'];

/** Custom resource definitions as their projects generate them: Strimzi's v1, and Prometheus' operator's. */
export async function customResourceDefinitions(tools: Tools): Promise<object[]> {
  const strimzi = await cached('strimzi-crds', `${strimziVersion} ${strimziKinds.join()}`, async (made) =>
    generateStrimzi(tools, made),
  );
  const prometheus = await cached(
    'prometheus-crds',
    `${prometheusOperator} ${controllerTools}`,
    async (made) => generatePrometheus(tools, made),
  );
  const files = await Promise.all(
    [strimzi, prometheus].map(async (folder) =>
      (await readdir(folder)).map((name) => path.join(folder, name)),
    ),
  );
  return Promise.all(files.flat().map(async (file) => parse(await readFile(file, 'utf8')) as object));
}

const strimziKinds = ['kafka.Kafka', 'nodepool.KafkaNodePool', 'topic.KafkaTopic', 'user.KafkaUser'];

async function generateStrimzi({ mvn, java }: Tools, made: string): Promise<void> {
  const cwd = await mkdtemp(path.join(tmpdir(), 'fleetbed-strimzi-'));
  const dependency = (name: string): string =>
    `<dependency><groupId>io.strimzi</groupId><artifactId>${name}</artifactId><version>${strimziVersion}</version></dependency>`;
  try {
    await writeFile(
      path.join(cwd, 'pom.xml'),
      `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>fleetbed</groupId><artifactId>strimzi-crds</artifactId><version>1</version>
<dependencies>${dependency('crd-generator')}${dependency('api')}</dependencies></project>\n`,
    );
    await run(mvn, ['-q', '-B', 'dependency:copy-dependencies', '-DoutputDirectory=jars'], { cwd });
    const versions = [
      '--target-kube',
      '1.25+',
      '--crd-api-version',
      'v1',
      '--api-versions',
      'v1',
      '--storage-version',
      'v1',
    ];
    for (const kind of strimziKinds) {
      const target = `io.strimzi.api.kafka.model.${kind}=${path.join(made, `${kind}.yaml`)}`;
      await run(
        java,
        ['-cp', 'jars/*', 'io.strimzi.crdgenerator.CrdGenerator', ...versions, '--yaml', target],
        { cwd },
      );
    }
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
}

async function generatePrometheus({ go }: Tools, made: string): Promise<void> {
  const cwd = await mkdtemp(path.join(tmpdir(), 'fleetbed-prometheus-'));
  const env = { ...process.env, GOFLAGS: '-mod=mod -buildvcs=false' };
  const types = 'github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring';
  const generator = 'sigs.k8s.io/controller-tools';
  try {
    await writeFile(path.join(cwd, 'go.mod'), 'module fleetbed/prometheus-crds\ngo 1.26.0\n');
    await writeFile(
      path.join(cwd, 'tools.go'),
      `package tools\n\nimport (\n\t_ "${types}/v1"\n\t_ "${generator}/cmd/controller-gen"\n)\n`,
    );
    await run(go, ['get', `${generator}@v${controllerTools}`, `${types}@v${prometheusOperator}`], {
      cwd,
      env,
    });
    await run(go, ['mod', 'tidy'], { cwd, env });
    const args = ['crd:crdVersions=v1', `paths=${types}/v1`, `output:crd:dir=${cwd}/out`];
    await run(go, ['run', `${generator}/cmd/controller-gen`, ...args], { cwd, env });
    for (const kind of kinds) {
      const name = `monitoring.coreos.com_${kind}.yaml`;
      await writeFile(path.join(made, name), await readFile(path.join(cwd, 'out', name)));
    }
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
}
