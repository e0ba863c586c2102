import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { rootCertificates } from 'node:tls';
import { onlyPublic } from '@ackline/runtime/public-addresses';
import { makeCertificate } from '@ackline/testkit/made-certificates';
import { createCertificateCheck } from '../../src/certificates/certificate-check.ts';
import {
  type CertificateTrust,
  createCertificateFetch,
  publicTrust,
} from '../../src/certificates/certificate-fetch.ts';
import { type FakePaypal, loopback, startFakePaypal, SUBJECT } from '../support/fake-paypal.ts';

let paypal: FakePaypal;
before(async () => {
  paypal = await startFakePaypal();
});
after(() => paypal[Symbol.asyncDispose]());

const fetched = (url: string, trust: Partial<CertificateTrust> = {}, signal = new AbortController().signal) =>
  createCertificateFetch({ ...paypal.trust, ...trust }).certificate(url, signal);

/** Shows what the listener answers, at a URL of its own. */
function urlThat(answer: Parameters<FakePaypal['answers']['set']>[1]): string {
  const name = `CERT-x${paypal.answers.size}`;
  const url = paypal.urlOf(name);
  paypal.answers.set(new URL(url).pathname, answer);
  return url;
}

describe('the fetch of a certificate', () => {
  it('brings what is shown there, and by what the server proved itself', async () => {
    const { pem, others } = await fetched(paypal.shows(paypal.leaf.pem));
    assert.equal(pem, paypal.leaf.pem);
    assert.deepEqual(
      others.map(({ subject }) => subject),
      ['CN=api.paypal.com', 'CN=Issuer of a test', 'CN=Root of a test'].slice(0, others.length),
    );
    assert.ok(others.length >= 2);
    const check = createCertificateCheck(paypal.trust.roots);
    assert.equal(check({ pem, others }, SUBJECT, Date.now()).kind, 'good');
    assert.equal(check({ pem, others: [] }, SUBJECT, Date.now()).kind, 'bad');
  });

  it('shows the chain of the server each time: no session is resumed', async () => {
    const fetch = createCertificateFetch(paypal.trust);
    const url = paypal.shows(paypal.leaf.pem);
    for (let time = 0; time < 3; time += 1)
      assert.ok((await fetch.certificate(url, new AbortController().signal)).others.length >= 2);
  });

  it('takes no answer but a 200, and goes nowhere else', async () => {
    const target = paypal.shows(paypal.leaf.pem);
    const asked = paypal.asked.length;
    for (const status of [301, 302, 307, 308, 204, 404, 500, 503]) {
      const url = urlThat((_, response) => response.writeHead(status, { location: target }).end());
      await assert.rejects(fetched(url), { message: `it was answered ${status}` });
    }
    assert.ok(!paypal.asked.slice(asked).includes(new URL(target).pathname));
  });

  it('reads 64 KiB at most, declared or not', async () => {
    const text = 'x'.repeat(65_537);
    await assert.rejects(fetched(urlThat((_, response) => response.end(text))), {
      message: 'it is over 65536 bytes',
    });
    const endless = urlThat((_, response) => {
      const more = () => {
        while (response.write(text));
      };
      response.on('drain', more).on('error', () => undefined);
      more();
    });
    await assert.rejects(fetched(endless), { message: 'it is over 65536 bytes' });
  });

  it('fails with a connection that breaks off in the middle', async () => {
    const url = urlThat((_, response) => {
      response.writeHead(200, { 'content-length': 1_000 });
      response.write('-----BEGIN', () => response.destroy());
    });
    await assert.rejects(fetched(url), { code: 'ECONNRESET' });
  });

  it('ends with its signal, also where nothing is answered', async () => {
    const closing = new AbortController();
    const url = urlThat(() => closing.abort());
    await assert.rejects(fetched(url, {}, closing.signal), { name: 'AbortError' });
  });

  it('takes a server for what it says only under the roots that are trusted', async () => {
    const url = paypal.shows(paypal.leaf.pem);
    const other = makeCertificate({ name: 'Root of a test', isAuthority: true });
    for (const roots of [[other.pem], rootCertificates])
      await assert.rejects(fetched(url, { roots }), /certificate/);
    await using stranger = await startFakePaypal({ host: 'api.example.com' });
    await assert.rejects(
      createCertificateFetch(stranger.trust).certificate(url, new AbortController().signal),
      {
        code: 'ERR_TLS_CERT_ALTNAME_INVALID',
      },
    );
    assert.deepEqual(stranger.asked, []);
  });

  it('takes it for no more where the environment checks nothing', async () => {
    const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      await assert.rejects(fetched(paypal.shows(''), { roots: rootCertificates }), /certificate/);
    } finally {
      if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before;
    }
  });

  it('connects to no address that is not of the internet', async () => {
    const connections = paypal.connections();
    await assert.rejects(fetched(paypal.shows(''), { lookup: onlyPublic(loopback) }), { code: 'NOT_PUBLIC' });
    assert.equal(paypal.connections(), connections);
  });
});

describe('the fetch of an issuer', () => {
  const issuer = (name: string, lookup = loopback) =>
    createCertificateFetch({ ...paypal.trust, lookup }).issuer(
      `http://cacerts.example.com/${name}`,
      new AbortController().signal,
    );

  it('reads it as issuers show it, in DER or PEM', async () => {
    for (const [name, shown] of [
      ['between.der', paypal.betweenDer],
      ['between.pem', paypal.between.pem],
    ] as const) {
      paypal.answers.set(`/${name}`, (_, response) => response.end(shown));
      assert.equal((await issuer(name)).subject, 'CN=Issuer of a test');
    }
  });

  it('takes nothing else, and connects to no address that is not of the internet', async () => {
    paypal.answers.set('/page', (_, response) => response.end('<html>'));
    paypal.answers.set('/moved', (_, response) =>
      response.writeHead(302, { location: '/between.der' }).end(),
    );
    paypal.answers.set('/large', (_, response) => response.end(Buffer.alloc(65_537)));
    await assert.rejects(issuer('page'));
    await assert.rejects(issuer('moved'), { message: 'it was answered 302' });
    await assert.rejects(issuer('large'), { message: 'it is over 65536 bytes' });
    const connections = paypal.connections();
    await assert.rejects(issuer('page', onlyPublic(loopback)), { code: 'NOT_PUBLIC' });
    assert.equal(paypal.connections(), connections);
  });
});

describe('whose word is taken by default', () => {
  it('is that of the public roots, at the ports of the web', () => {
    const { roots, ports } = publicTrust();
    assert.deepEqual(ports, { https: 443, http: 80 });
    assert.deepEqual(roots, rootCertificates);
    for (const pem of roots) assert.ok(new X509Certificate(pem).ca);
  });

  it('is never that of a name of this machine', async () => {
    const { lookup } = publicTrust();
    await assert.rejects(
      new Promise((resolve, reject) => {
        lookup('localhost', { all: true }, (error, found) => (error ? reject(error) : resolve(found)));
      }),
      { code: 'NOT_PUBLIC' },
    );
  });
});
