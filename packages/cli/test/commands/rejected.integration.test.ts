import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createPool } from '@ackline/store/pool';
import { insertRejection, type KeptRejection } from '@ackline/store/rejections';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { ranCli } from '../ran-cli.ts';

const EXPLAINED: KeptRejection = {
  requestId: '019ab2c4-0000-4000-8000-000000000001',
  rejectedAt: new Date('2026-11-29T10:00:00.123Z'),
  source: 'whatsapp',
  provider: 'twilio',
  code: 'ACKLINE_BAD_SIGNATURE',
  reason: 'wrong_signature',
  method: 'POST',
  url: 'http://127.0.0.1:8080/webhook/whatsapp',
  headers: {
    known: [
      ['X-Twilio-Signature', 28],
      ['Host', 16],
    ],
    others: 3,
  },
  bodyBytes: 231,
  bodySha256: 'ab12',
  body: Buffer.from('Body=hello\u001b[2J'),
  secrets: 2,
  tried: { header: 0, url: 4, secret: 0, body: 0, time: 1 },
  secretIndex: 1,
  skewMs: null,
  diagnosis: 'url-differs',
  what: 'valid for https://hooks.example.com/webhook/whatsapp: set publicUrl',
  fix: 'set publicUrl to https://hooks.example.com, at the top of ackline.yaml or in source whatsapp (there is none).',
};
const UNEXPLAINED: KeptRejection = {
  ...EXPLAINED,
  requestId: '019ab2c4-0000-4000-8000-000000000002',
  rejectedAt: new Date('2026-11-29T11:00:00Z'),
  source: 'payments',
  provider: 'stripe',
  body: null,
  secretIndex: null,
  skewMs: -310_000,
  diagnosis: 'unexplained',
  what: 'no variant that was tried is valid',
  fix: 'compare the secret.',
};

let database: TestDatabase;

before(async () => {
  database = await createTestDatabase();
});
after(async () => {
  await database.close();
});

const run = (...args: string[]) => ranCli(args, { environment: { DATABASE_URL: database.url } });

describe('refused requests, on the command line', () => {
  it('are none at first', async () => {
    assert.equal((await run('rejected')).out, 'No refused request is kept.');
    assert.equal((await run('rejected', '--source', 'x')).out, 'No refused request of source x is kept.');
    const pool = createPool({
      connectionString: database.url,
      applicationName: 'test',
      max: 1,
      onError: () => undefined,
    });
    for (const request of [EXPLAINED, UNEXPLAINED]) await insertRejection(pool, request);
    await pool.end();
  });

  it('are listed with what would have been right, the newest first, of one source, so many, and as JSON', async () => {
    const { out } = await run('rejected');
    assert.deepEqual(
      out.split('\n').map(line => line.replaceAll(/ {2,}/g, ' | ')),
      [
        'REFUSED | SOURCE | REASON | REQUEST | DIAGNOSIS',
        `2026-11-29 11:00:00.000 | payments | wrong_signature | ${UNEXPLAINED.requestId} | unexplained: ${UNEXPLAINED.what}`,
        `2026-11-29 10:00:00.123 | whatsapp | wrong_signature | ${EXPLAINED.requestId} | url-differs: ${EXPLAINED.what}`,
        '',
        'What to do: npx ackline doctor signature <request>',
      ],
    );
    const ids = async (...args: string[]) =>
      (await run('rejected', '--json', ...args)).out
        .split('\n')
        .map(line => (JSON.parse(line) as { requestId: string }).requestId);
    assert.deepEqual(await ids('--source', 'whatsapp'), [EXPLAINED.requestId]);
    assert.deepEqual(await ids('--limit', '1'), [UNEXPLAINED.requestId]);
  });

  it('are explained by their id: what came, what was tried, what would have been right, what to do', async () => {
    const { exitCode, out } = await run('doctor', 'signature', EXPLAINED.requestId.toUpperCase());
    assert.equal(exitCode, 0);
    assert.equal(
      out,
      `Request ${EXPLAINED.requestId}, refused 2026-11-29 10:00:00.123 (ACKLINE_BAD_SIGNATURE, wrong_signature)
  source   whatsapp (twilio)
  url      POST http://127.0.0.1:8080/webhook/whatsapp
  headers  X-Twilio-Signature (28), Host (16); 3 others
  body     231 bytes, SHA-256 ab12
  secrets  2 live ones, secrets[1] is right
  tried    url 4, time 1

url-differs: ${EXPLAINED.what}
Fix: ${EXPLAINED.fix}`,
    );
  });

  it('end with 2 where nothing explains them, and with 1 where they are not kept, or the id is none', async () => {
    const unexplained = await run('doctor', 'signature', UNEXPLAINED.requestId);
    assert.equal(unexplained.exitCode, 2);
    assert.match(unexplained.out, /\n {2}time {5}signed 5 min after it came\n/);
    const missing = await run('doctor', 'signature', '019ab2c4-0000-4000-8000-0000000000ff');
    assert.equal(missing.exitCode, 1);
    assert.match(
      missing.err,
      /\[ACKLINE_NOT_FOUND\] No refused request 019ab2c4-0000-4000-8000-0000000000ff is kept/,
    );
    assert.equal((await run('doctor', 'signature', 'x')).exitCode, 1);
  });

  it('show their body only where it is asked for and kept, with nothing in it that writes on the terminal', async () => {
    const json = async (...args: string[]) =>
      JSON.parse((await run('doctor', 'signature', EXPLAINED.requestId, '--json', ...args)).out) as Record<
        string,
        unknown
      >;
    assert.equal('body' in (await json()), false);
    assert.equal((await json('--body'))['body'], Buffer.from(EXPLAINED.body ?? '').toString('base64'));
    assert.match(
      (await run('doctor', 'signature', EXPLAINED.requestId, '--body')).out,
      /\n\nBody=hello·\[2J$/,
    );
    const none = await run('doctor', 'signature', UNEXPLAINED.requestId, '--body');
    assert.equal(none.exitCode, 1);
    assert.match(none.err, /keepRejected: body/);
  });
});
