import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { type MadeCertificate, makeCertificate } from '@ackline/testkit/made-certificates';
import { openTlsIdentity, type TlsFiles } from '../src/tls-files.ts';

const authority = makeCertificate({ name: 'CA', isAuthority: true });
const server = makeCertificate({ name: 'localhost', issuer: authority });
const pem = ({ privateKey }: MadeCertificate) => String(privateKey.export({ type: 'pkcs8', format: 'pem' }));

/** Tells each client the name that its certificate has. */
const peer = createServer(
  { cert: server.pem, key: pem(server), ca: authority.pem, requestCert: true, rejectUnauthorized: false },
  (socket: TLSSocket) => socket.end(String(socket.getPeerCertificate().subject?.CN ?? 'nobody')),
);

describe('the files of a TLS identity', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ackline-identity-'));
    await once(peer.listen(0, '127.0.0.1'), 'listening');
  });
  after(async () => {
    peer.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** As cert-manager does it: the file is another one at once. */
  async function put(name: string, text: string): Promise<string> {
    const path = join(folder, name);
    await writeFile(`${path}.new`, text);
    await rename(`${path}.new`, path);
    return path;
  }

  async function files(client: MadeCertificate): Promise<TlsFiles> {
    return {
      caFile: await put('ca.crt', authority.pem),
      certFile: await put('tls.crt', client.pem),
      keyFile: await put('tls.key', pem(client)),
    };
  }

  /** The name that the server saw. Rejects where the server is not proven. */
  async function seenBy(identity: ReturnType<typeof openTlsIdentity>): Promise<string> {
    const { port } = peer.address() as AddressInfo;
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const socket = connect({
      host: '127.0.0.1',
      port,
      servername: 'localhost',
      secureContext: identity.context(),
    });
    socket.on('data', data => resolve(String(data)));
    socket.on('error', reject);
    return promise.finally(() => socket.destroy());
  }

  it('are read again once they have changed', async () => {
    const identity = openTlsIdentity(await files(makeCertificate({ name: 'first', issuer: authority })));
    assert.equal(await seenBy(identity), 'first');
    assert.equal(identity.context(), identity.context(), 'made once for as long as they are the same');
    await files(makeCertificate({ name: 'second', issuer: authority }));
    assert.equal(await seenBy(identity), 'second');
  });

  it('stay in force while half of a new pair is there, and are named', async () => {
    const identity = openTlsIdentity(await files(makeCertificate({ name: 'first', issuer: authority })));
    assert.equal(await seenBy(identity), 'first');
    const next = makeCertificate({ name: 'second', issuer: authority });
    await put('tls.crt', next.pem);
    assert.equal(await seenBy(identity), 'first');
    assert.match(identity.problem() ?? '', /tls\.key is not the key of the certificate/);
    await put('tls.key', pem(next));
    assert.equal(await seenBy(identity), 'second');
    assert.equal(identity.problem(), null);
  });

  it('trust nobody, and throw nothing, where they were never there', async () => {
    const identity = openTlsIdentity({ caFile: join(folder, 'nowhere'), certFile: null, keyFile: null });
    await assert.rejects(seenBy(identity), /certificate/);
    assert.match(identity.problem() ?? '', /nowhere does not exist/);
  });
});
