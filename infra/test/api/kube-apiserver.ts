import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { cached } from './cache.ts';
import { run, type Tools } from './tools.ts';

/** GKE's regular channel runs this or a younger one (google/cluster.ts). */
const version = '1.36.3';
/** Kubernetes' own libraries count from 0 where it counts from 1. */
const libraries = version.replace(/^1/, '0');

/** The real API server, built from its module: minutes, once a machine. @returns the program's path */
export async function kubeApiserver(tools: Tools): Promise<string> {
  const folder = await cached('kube-apiserver', version, async (made) => {
    const source = await mkdtemp(path.join(tmpdir(), 'fleetbed-kube-apiserver-'));
    try {
      await build(tools, source);
      await rename(path.join(source, 'kube-apiserver'), path.join(made, 'kube-apiserver')).catch(async () =>
        run('cp', [path.join(source, 'kube-apiserver'), made], { cwd: source }),
      );
    } finally {
      await rm(source, { recursive: true, force: true });
    }
  });
  return path.join(folder, 'kube-apiserver');
}

async function build({ go }: Tools, cwd: string): Promise<void> {
  const env = { ...process.env, GOFLAGS: '-mod=mod -buildvcs=false' };
  const download = await run(go, ['mod', 'download', '-json', `k8s.io/kubernetes@v${version}`], { cwd, env });
  const { Dir } = JSON.parse(download) as { Dir: string };
  // In its repository the libraries stand beside the server; in the module proxy they are modules of their own.
  const staging = [
    ...(await readFile(path.join(Dir, 'go.mod'), 'utf8')).matchAll(/(k8s\.io\/\S+) => \.\/staging/g),
  ];
  const lines = [
    'module fleetbed/kube-apiserver',
    'go 1.26.0',
    `require k8s.io/kubernetes v${version}`,
    ...staging.map(([, module]) => `replace ${module} => ${module} v${libraries}`),
  ];
  await writeFile(path.join(cwd, 'go.mod'), `${lines.join('\n')}\n`);
  await writeFile(
    path.join(cwd, 'tools.go'),
    '//go:build tools\n\npackage tools\n\nimport _ "k8s.io/kubernetes/cmd/kube-apiserver"\n',
  );
  await run(go, ['mod', 'tidy'], { cwd, env });
  const [major, minor] = version.split('.');
  const says = { gitVersion: `v${version}`, gitMajor: major, gitMinor: minor };
  const ldflags = Object.entries(says).map(
    ([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`,
  );
  // Without optimising it is built in half the time, and fast enough.
  const flags = ['-gcflags=all=-N -l', '-ldflags', ldflags.join(' '), '-o', 'kube-apiserver'];
  await run(go, ['build', ...flags, 'k8s.io/kubernetes/cmd/kube-apiserver'], { cwd, env });
}
