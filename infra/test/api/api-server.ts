import { spawn, type ChildProcess } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubernetesObject } from '../stacks.ts';

export interface Answer {
  status: number;
  body: { message?: string; status?: unknown; [field: string]: unknown };
  /** What the server warns of: deprecated fields, pods outside their namespace's security profile. */
  warnings: string[];
}

/** A real Kubernetes API: etcd and kube-apiserver on ports and in a folder of their own. No node, no controller. */
export class ApiServer {
  readonly #children: ChildProcess[] = [];
  readonly #token = randomBytes(16).toString('hex');
  readonly #folder: string;
  #port = 0;
  #ca = '';
  /** Group and version -> kind -> its path. */
  readonly #plurals = new Map<string, Map<string, { name: string; namespaced: boolean }>>();

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** @throws Error with the log's end when it is not ready within two minutes */
  static async start(programs: { etcd: string; apiserver: string }): Promise<ApiServer> {
    const server = new ApiServer(await mkdtemp(path.join(tmpdir(), 'fleetbed-api-server-')));
    try {
      await server.#start(programs);
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  async #start({ etcd, apiserver }: { etcd: string; apiserver: string }): Promise<void> {
    const [port, client, peer] = await Promise.all([freePort(), freePort(), freePort()]);
    this.#port = port;
    const within = (name: string): string => path.join(this.#folder, name);
    const etcdUrl = `http://127.0.0.1:${client}`;
    const peerUrl = `http://127.0.0.1:${peer}`;
    this.#spawn('etcd', etcd, [
      ...['--data-dir', within('etcd'), '--listen-client-urls', etcdUrl, '--advertise-client-urls', etcdUrl],
      ...['--listen-peer-urls', peerUrl, '--initial-advertise-peer-urls', peerUrl],
      ...['--initial-cluster', `default=${peerUrl}`, '--unsafe-no-fsync'],
    ]);
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    await writeFile(within('sa.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
    await writeFile(within('sa.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
    await writeFile(within('tokens.csv'), `${this.#token},admin,admin,system:masters\n`);
    const log = this.#spawn('kube-apiserver', apiserver, [
      `--etcd-servers=${etcdUrl}`,
      '--bind-address=127.0.0.1',
      `--secure-port=${port}`,
      `--cert-dir=${within('certificates')}`,
      `--token-auth-file=${within('tokens.csv')}`,
      '--authorization-mode=RBAC',
      '--service-cluster-ip-range=10.1.0.0/24',
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${within('sa.pub')}`,
      `--service-account-signing-key-file=${within('sa.key')}`,
      // No controller makes accounts' tokens here.
      '--disable-admission-plugins=ServiceAccount',
    ]);
    for (let tries = 0; tries < 600; tries++) {
      if (this.#children.some((child) => child.exitCode !== null)) break;
      this.#ca ||= await readFile(within('certificates/apiserver.crt'), 'utf8').catch(() => '');
      if (this.#ca !== '' && (await this.call('GET', '/readyz').catch(() => undefined))?.status === 200)
        return;
      await sleep(200);
    }
    throw new Error(`kube-apiserver is not ready: ${log().slice(-3000)}`);
  }

  /** @returns the end of what it has said so far */
  #spawn(name: string, file: string, args: string[]): () => string {
    const child = spawn(file, args, { cwd: this.#folder, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#children.push(child);
    let said = '';
    const hear = (chunk: Buffer): void => {
      said = (said + chunk.toString()).slice(-20_000);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.once('error', (error) => hear(Buffer.from(`${name}: ${error.message}`)));
    return () => said;
  }

  async stop(): Promise<void> {
    for (const child of this.#children.toReversed()) {
      if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) continue;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    }
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Makes an object for real: a namespace, a definition. */
  async create(object: object): Promise<Answer> {
    const { path: where } = await this.#place(object as KubernetesObject);
    return this.call('POST', where, object, 'application/json');
  }

  /** Server-side apply as `kubectl apply --server-side --dry-run=server --validate=strict`: all checks, nothing kept. */
  async dryRun(object: KubernetesObject): Promise<Answer> {
    const place = await this.#place(object);
    if (place.path === '')
      return {
        status: 404,
        body: { message: `no kind ${object.kind} in ${object.apiVersion}` },
        warnings: [],
      };
    const query = 'dryRun=All&fieldManager=fleetbed&fieldValidation=Strict&force=true';
    return this.call(
      'PATCH',
      `${place.path}/${object.metadata.name}?${query}`,
      object,
      'application/apply-patch+yaml',
    );
  }

  /** Waits until a kind of a definition that was just made is served. */
  async serves(apiVersion: string, kind: string): Promise<void> {
    for (let tries = 0; tries < 300; tries++) {
      this.#plurals.delete(apiVersion);
      if ((await this.#kinds(apiVersion)).has(kind)) return;
      await sleep(100);
    }
    throw new Error(`${kind} of ${apiVersion} is not served`);
  }

  async #place({ apiVersion, kind, metadata }: KubernetesObject): Promise<{ path: string }> {
    const found = (await this.#kinds(apiVersion)).get(kind);
    if (found === undefined) return { path: '' };
    const namespace = found.namespaced ? `/namespaces/${metadata.namespace ?? 'default'}` : '';
    return { path: `${rootOf(apiVersion)}${namespace}/${found.name}` };
  }

  async #kinds(apiVersion: string): Promise<Map<string, { name: string; namespaced: boolean }>> {
    const known = this.#plurals.get(apiVersion);
    if (known !== undefined) return known;
    const { body } = await this.call('GET', rootOf(apiVersion));
    const listed = (body['resources'] ?? []) as { kind: string; name: string; namespaced: boolean }[];
    const own = listed.filter(({ name }) => !name.includes('/'));
    const kinds = new Map(own.map(({ kind, name, namespaced }) => [kind, { name, namespaced }]));
    if (kinds.size > 0) this.#plurals.set(apiVersion, kinds);
    return kinds;
  }

  async call(
    method: string,
    where: string,
    body?: object,
    contentType = 'application/json',
  ): Promise<Answer> {
    const headers = { authorization: `Bearer ${this.#token}`, 'content-type': contentType };
    const to = { host: '127.0.0.1', port: this.#port, path: where, method, headers, ca: this.#ca };
    return new Promise((resolve, reject) => {
      const sent = request(to, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('end', () => {
          const text = Buffer.concat(chunks).toString();
          const warning = response.headersDistinct['warning'] ?? [];
          resolve({
            status: response.statusCode ?? 0,
            body: text.startsWith('{') ? (JSON.parse(text) as Answer['body']) : { message: text },
            // RFC 9111: code, agent, quoted text.
            warnings: warning.map((one) => JSON.parse(one.replace(/^299 \S+ /, '')) as string),
          });
        });
      });
      sent.once('error', reject);
      // JSON is YAML.
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}

function rootOf(apiVersion: string): string {
  return apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
