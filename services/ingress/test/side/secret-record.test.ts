import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { secretFingerprint, type ToldSecret } from '@ackline/store/secret-uses';
import { waitFor } from '@ackline/testkit/wait-for';
import { createSecretTally } from '../../src/metrics/secret-tally.ts';
import { createSecretRecord } from '../../src/side/secret-record.ts';

const AT = 1_795_372_800_000;

/** A record of the source `crm`, which writes into a list as soon as it may. */
function record(secrets: readonly string[]) {
  const tally = createSecretTally();
  const live = { secrets, isAway: false, hangs: false };
  const ends: boolean[] = [];
  const writes: (readonly ToldSecret[])[] = [];
  let tries = 0;
  const stop = new AbortController();
  const component = createSecretRecord({
    tally,
    shown: {
      configured: () => [{ limit: null, name: 'crm', secrets: live.secrets.map(env => ({ env })) }],
      secretsOf: () => live.secrets,
    },
    write(told, isLast) {
      tries += 1;
      ends.push(isLast);
      if (live.hangs) return new Promise(() => undefined);
      if (live.isAway) return Promise.reject(new Error('away'));
      writes.push(told);
      return Promise.resolve();
    },
    log: { debug: () => undefined },
    everyMs: 1,
    endLimitMs: 10,
  });
  const running = component.run(stop.signal);
  const nextTry = async () => {
    const before = tries;
    await waitFor(() => tries > before + 1);
  };
  return { tally, live, writes, ends, nextTry, end: () => (stop.abort(), running) };
}

/** By secret: what was told of it in all. */
function sums(writes: readonly (readonly ToldSecret[])[], secret: string) {
  const own = writes.flat().filter(({ fingerprint }) => fingerprint === secretFingerprint('crm', secret));
  return {
    told: own.length > 0,
    uses: own.reduce((sum, { uses }) => sum + uses, 0),
    last: own.at(-1)?.lastUsedAt,
  };
}

describe('the record of what secrets were used for', () => {
  it('tells each use once, and of a secret that was never used that it is there', async () => {
    const { tally, writes, nextTry, end } = record(['old', 'new']);
    for (let n = 0; n < 3; n += 1) tally.note('crm', 'old', AT + n);
    await nextTry();
    tally.note('crm', 'old', AT + 9);
    await nextTry();
    await end();
    assert.deepEqual(sums(writes, 'old'), { told: true, uses: 4, last: AT + 9 });
    assert.deepEqual(sums(writes, 'new'), { told: true, uses: 0, last: null });
  });

  it('tells what it could not write with the next one', async () => {
    const { tally, live, writes, nextTry, end } = record(['old']);
    live.isAway = true;
    tally.note('crm', 'old', AT);
    await nextTry();
    tally.note('crm', 'old', AT + 1);
    live.isAway = false;
    await nextTry();
    await end();
    assert.equal(sums(writes, 'old').uses, 2);
  });

  it('tells the last uses once more at its end', async () => {
    const { tally, writes, nextTry, end } = record(['old']);
    await nextTry();
    tally.note('crm', 'old', AT);
    await end();
    assert.equal(sums(writes, 'old').uses, 1);
  });

  it('says that it ends with its last word, and with no other', async () => {
    const { ends, nextTry, end } = record(['old']);
    await nextTry();
    await end();
    assert.deepEqual(ends.slice(0, -1).filter(Boolean), []);
    assert.equal(ends.at(-1), true);
  });

  it('does not wait for its last word as long as PostgreSQL hangs', async () => {
    const { live, nextTry, end } = record(['old']);
    await nextTry();
    live.hangs = true;
    let hasEnded = false;
    void end().then(() => void (hasEnded = true));
    await waitFor(() => hasEnded);
  });

  it('tells a secret that stands twice in a source once', async () => {
    const { tally, writes, nextTry, end } = record(['same', 'same']);
    tally.note('crm', 'same', AT);
    await nextTry();
    await end();
    for (const told of writes) assert.equal(told.length, 1);
    assert.equal(sums(writes, 'same').uses, 1);
  });

  it('never writes a secret', async () => {
    const { writes, nextTry, end } = record(['a-secret_of-32-characters-012345']);
    await nextTry();
    await end();
    assert.ok(!JSON.stringify(writes).includes('a-secret_of'));
  });
});
