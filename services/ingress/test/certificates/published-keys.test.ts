import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import type {
  CertificateCheck,
  CheckedCertificate,
  ShownCertificate,
} from '../../src/certificates/certificate-check.ts';
import { createPublishedKeys, type FetchOutcome } from '../../src/certificates/published-keys.ts';

const { publicKey } = generateKeyPairSync('ed25519');
const HOUR_MS = 3_600_000;
const SHOWN: ShownCertificate = { pem: '', others: [] };
const START = Date.UTC(2026, 10, 30);
const certificate = (name = 'a') => ({ url: `https://api.paypal.com/${name}`, subject: 'subject' });

/** Fetches end when they are told to; its time goes on by hand. */
function opened(
  check: CertificateCheck = () => ({
    kind: 'good',
    key: publicKey,
    chain: 'chain',
    validTo: START + 1_000 * HOUR_MS,
  }),
) {
  let ms = 1_000;
  const fetches: {
    readonly url: string;
    readonly signal: AbortSignal;
    readonly end: PromiseWithResolvers<ShownCertificate>;
  }[] = [];
  const heard: [FetchOutcome, string][] = [];
  const keys = createPublishedKeys({
    fetch: {
      certificate(url, signal) {
        const end = Promise.withResolvers<ShownCertificate>();
        signal.addEventListener('abort', () => end.reject(new Error('aborted')));
        fetches.push({ url, signal, end });
        return end.promise;
      },
      issuer: () => Promise.reject(new Error('no issuer is asked for')),
    },
    check,
    heard: (outcome, { url }) => void heard.push([outcome, url.slice(-1)]),
    now: () => ms,
    clock: () => START + ms,
  });
  return {
    keys,
    fetches,
    heard,
    pass: (byMs: number) => void (ms += byMs),
    /** Ends the fetch of that number, and all that follows from it. */
    end: async (at: number, error?: Error) => {
      const fetch = fetches[at];
      assert.ok(fetch);
      if (error === undefined) fetch.end.resolve(SHOWN);
      else fetch.end.reject(error);
      await new Promise(setImmediate);
    },
  };
}

describe('keys of published certificates', () => {
  it('are unknown until the certificate has come, for which nobody waits (PK1)', async () => {
    const { keys, fetches, heard, end } = opened();
    assert.equal(keys.keyOf(certificate()), null);
    assert.equal(fetches.length, 1);
    await end(0);
    assert.equal(keys.keyOf(certificate()), publicKey);
    assert.deepEqual(heard, [['fetched', 'a']]);
  });

  it('are fetched once, however many requests ask for one meanwhile (PK3)', async () => {
    const { keys, fetches, end } = opened();
    for (let asked = 0; asked < 100; asked += 1) keys.keyOf(certificate());
    assert.equal(fetches.length, 1);
    await end(0);
    for (let asked = 0; asked < 100; asked += 1) assert.equal(keys.keyOf(certificate()), publicKey);
    assert.equal(fetches.length, 1);
  });

  it('are not asked for again for a time after a failure, and for longer after a bad one (PK3)', async () => {
    for (const [result, pauseMs] of [
      ['failed', 10_000],
      ['bad', 600_000],
    ] as const) {
      const bad: CheckedCertificate = { kind: 'bad', why: 'it is none', issuerUrl: null };
      const { keys, fetches, heard, end, pass } = opened(() => bad);
      keys.keyOf(certificate());
      await end(0, result === 'failed' ? new Error('no answer') : undefined);
      assert.deepEqual(heard, [[result, 'a']]);
      pass(pauseMs - 1);
      assert.equal(keys.keyOf(certificate()), null);
      assert.equal(fetches.length, 1);
      pass(1);
      assert.equal(keys.keyOf(certificate()), null);
      assert.equal(fetches.length, 2);
    }
  });

  it('are none of a certificate that the check throws at (PK1)', async () => {
    const { keys, heard, end } = opened(() => {
      throw new Error('a parser failed');
    });
    keys.keyOf(certificate());
    await end(0);
    assert.equal(keys.keyOf(certificate()), null);
    assert.deepEqual(heard, [['failed', 'a']]);
  });

  it('are fetched two at once, and ten in a minute, of those that are not known (PK3)', async () => {
    const { keys, fetches, heard, end, pass } = opened();
    for (const name of ['1', '2', '3']) keys.keyOf(certificate(name));
    assert.equal(fetches.length, 2);
    assert.deepEqual(heard, [['limited', '3']]);
    await end(0, new Error('no'));
    await end(1, new Error('no'));
    for (let number = 3; number < 50; number += 1) {
      keys.keyOf(certificate(String(number)));
      const last = fetches.length - 1;
      await end(last, new Error('no'));
    }
    assert.equal(fetches.length, 10);
    pass(59_999);
    keys.keyOf(certificate('x'));
    assert.equal(fetches.length, 10);
    pass(1);
    keys.keyOf(certificate('x'));
    assert.equal(fetches.length, 11);
  });

  it('serve for a day, and are fetched again in a quarter of it, whatever strangers ask for (PK4)', async () => {
    const { keys, fetches, end, pass } = opened();
    keys.keyOf(certificate());
    await end(0);
    pass(6 * HOUR_MS);
    for (let number = 0; number < 2_000; number += 1) keys.keyOf(certificate(String(number)));
    assert.equal(keys.keyOf(certificate()), publicKey);
    assert.equal(fetches.at(-1)?.url, certificate().url);
    await end(fetches.length - 1, new Error('no answer'));
    const failed = fetches.length;
    assert.equal(keys.keyOf(certificate()), publicKey);
    assert.equal(fetches.length, failed);
    pass(10_000);
    assert.equal(keys.keyOf(certificate()), publicKey);
    assert.equal(fetches.length, failed + 1);
    await end(failed);
    pass(23 * HOUR_MS);
    assert.equal(keys.keyOf(certificate()), publicKey);
    pass(2 * HOUR_MS);
    assert.equal(keys.keyOf(certificate()), null);
  });

  it('are given no longer than their certificate is in force (PK2)', async () => {
    const { keys, end, pass } = opened(() => ({
      kind: 'good',
      key: publicKey,
      chain: 'chain',
      validTo: START + HOUR_MS,
    }));
    keys.keyOf(certificate());
    await end(0);
    pass(HOUR_MS - 1_000);
    assert.equal(keys.keyOf(certificate()), publicKey);
    pass(1);
    assert.equal(keys.keyOf(certificate()), null);
  });

  it('outlive their process: what another one found is checked here, and serves on (PK5)', async () => {
    const { keys: before, end, pass } = opened();
    before.keyOf(certificate());
    await end(0);
    pass(HOUR_MS);
    const checked: unknown[] = [];
    const next = opened((...asked) => {
      checked.push(asked.slice(0, 2));
      return { kind: 'good', key: publicKey, chain: 'chain', validTo: START + 1_000 * HOUR_MS };
    });
    next.keys.learn(before.known());
    assert.deepEqual(checked, [[{ pem: 'chain', others: [] }, 'subject']]);
    assert.equal(next.keys.keyOf(certificate()), publicKey);
    assert.equal(next.fetches.length, 0);
    next.pass(5 * HOUR_MS);
    assert.equal(next.keys.keyOf(certificate()), publicKey);
    assert.equal(next.fetches.length, 1);
    await next.end(0, new Error('no answer'));
    next.pass(18 * HOUR_MS);
    assert.equal(next.keys.keyOf(certificate()), null);
  });

  it('are not given for another subject than they were checked for (PK2)', () => {
    const { keys } = opened();
    keys.learn([{ ...certificate(), subject: 'another', chain: 'chain', ageMs: 0 }]);
    assert.equal(keys.keyOf(certificate()), null);
  });

  it('are not learnt where the check finds them bad, and are none of what is known', () => {
    const { keys } = opened(() => ({ kind: 'bad', why: 'it is over', issuerUrl: null }));
    keys.learn([{ ...certificate(), chain: 'chain', ageMs: 0 }]);
    assert.equal(keys.keyOf(certificate()), null);
    assert.deepEqual(keys.known(), []);
  });

  it('that were good once are fetched whatever strangers ask for, also when they serve no more (PK4)', () => {
    const { keys, fetches, heard } = opened();
    keys.learn([{ ...certificate(), chain: 'chain', ageMs: 30 * HOUR_MS }]);
    for (let number = 0; number < 20; number += 1) keys.keyOf(certificate(String(number)));
    assert.equal(fetches.length, 2);
    assert.equal(keys.keyOf(certificate()), null);
    assert.equal(fetches.at(-1)?.url, certificate().url);
    assert.equal(heard.filter(([outcome]) => outcome === 'limited').length, 18);
  });

  it('are asked for no more once they are closed, and what is under way ends', async () => {
    const { keys, fetches, heard } = opened();
    keys.keyOf(certificate('1'));
    await keys[Symbol.asyncDispose]();
    assert.ok(fetches[0]?.signal.aborted);
    assert.equal(keys.keyOf(certificate('2')), null);
    assert.equal(fetches.length, 1);
    assert.deepEqual(heard, []);
  });
});
