import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '@ackline/testkit/free-port';
import { type TestDatabase, createTestDatabase } from '@ackline/testkit/database';
import { type FakeReceiver, startFakeReceiver } from '@ackline/testkit/fake-receiver';
import { createSystem, type System } from '../system.ts';
import { moved, readOneBoxFile } from './one-box-files.ts';
import { type Nginx, startNginx } from './nginx.ts';

export const HOST = 'hooks.example.com';

/** nginx by docs/one-box/nginx-site.conf. */
export interface Site extends AsyncDisposable {
  readonly nginx: Nginx;
  /** Where it listens for https, for {@link HOST}. */
  readonly port: number;
  /** Where it listens without TLS. */
  readonly plainPort: number;
  /** Proves it: it signed itself. */
  readonly certificate: string;
}

export interface ProxiedIngress extends Site {
  readonly system: System;
  readonly database: TestDatabase;
  readonly receiver: FakeReceiver;
}

export interface ProxiedIngressOptions {
  readonly program: string;
  /** More of `sources`, as YAML. */
  readonly moreSources: string;
  /** Of the files that ackline.yaml names: by the file's name. */
  readonly secretFolder: string;
}

/** Ackline by docs/one-box/ackline.yaml behind nginx by docs/one-box/nginx-site.conf. */
export async function startProxiedIngress(options: ProxiedIngressOptions): Promise<ProxiedIngress> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'ackline-one-box-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const database = await createTestDatabase();
  stack.defer(() => database.close());
  const receiver = stack.use(await startFakeReceiver());
  const configText = moved(await readOneBoxFile('ackline.yaml'), {
    '/etc/ackline/secrets': options.secretFolder,
    'http://127.0.0.1:3000/updates': receiver.url,
    'sources:\n': `sources:\n${options.moreSources}`,
  });
  const system = stack.use(
    await createSystem({ databaseUrl: database.url, brokers: null, receiverUrl: receiver.url, configText }),
  );
  const site = stack.use(
    await startSite({ program: options.program, folder, upstream: new URL(system.baseUrl).host }),
  );
  const all = stack.move();
  return {
    ...site,
    system,
    database,
    receiver,
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

export interface SiteOptions {
  readonly program: string;
  /** Its own. */
  readonly folder: string;
  /** `127.0.0.1:8080`: what stands in the place of Ackline. */
  readonly upstream: string;
}

export async function startSite({ program, folder, upstream }: SiteOptions): Promise<Site> {
  const certificate = await makeCertificate(folder);
  const [port, plainPort] = [await freePort(), await freePort()];
  const site = moved(await readOneBoxFile('nginx-site.conf'), {
    'listen [::]:80;': '',
    'listen [::]:443 ssl;': '',
    'listen 80;': `listen 127.0.0.1:${plainPort};`,
    'listen 443 ssl;': `listen 127.0.0.1:${port} ssl;`,
    '/etc/letsencrypt/live/hooks.example.com': folder,
    '127.0.0.1:8080': upstream,
  });
  const nginx = await startNginx({ program, folder, site, port });
  return { nginx, port, plainPort, certificate, [Symbol.asyncDispose]: () => nginx[Symbol.asyncDispose]() };
}

/** For {@link HOST}, signed by itself, at the names that certbot gives its files. */
async function makeCertificate(folder: string): Promise<string> {
  const path = join(folder, 'fullchain.pem');
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const files = ['-keyout', join(folder, 'privkey.pem'), '-out', path];
  const name = ['-subj', `/CN=${HOST}`, '-addext', `subjectAltName=DNS:${HOST}`, '-days', '2'];
  await promisify(execFile)('openssl', ['req', '-x509', ...key, ...files, ...name]);
  return readFile(path, 'utf8');
}
