import { createHmac } from 'node:crypto';
import type { Answer, SampleRequest } from '@ackline/shared/provider';
import { discord } from '@ackline/shared/providers/discord';

/** What a provider asks that is no event, signed as it signs. */
export interface Question {
  /** `secret`: of a key pair the signing key. */
  readonly ask: (secret: string, now: number) => SampleRequest;
  /** To the letter. */
  readonly answer: (secret: string) => Answer;
}

const json = (value: unknown): Answer => ({
  status: 200,
  contentType: 'application/json',
  body: JSON.stringify(value),
});

const PLAIN_TOKEN = 'qgg8vlvZRS6UYooatFL8Aw';

/** One for each provider that has a `challenge`. */
export const questions: ReadonlyMap<string, Question> = new Map<string, Question>([
  [
    'slack',
    {
      ask: (secret, now) => {
        const body = Buffer.from(
          '{"token":"t","challenge":"3eZbrw1aBm2rZgRNFZxV","type":"url_verification"}',
        );
        const seconds = String(Math.floor(now / 1_000));
        const hex = createHmac('sha256', secret).update(`v0:${seconds}:`).update(body).digest('hex');
        return {
          headers: [
            ['Content-Type', 'application/json'],
            ['X-Slack-Signature', `v0=${hex}`],
            ['X-Slack-Request-Timestamp', seconds],
          ],
          body,
        };
      },
      answer: () => json({ challenge: '3eZbrw1aBm2rZgRNFZxV' }),
    },
  ],
  [
    'zoom',
    {
      ask: (secret, now) => {
        const body = Buffer.from(
          `{"payload":{"plainToken":"${PLAIN_TOKEN}"},"event_ts":${now},"event":"endpoint.url_validation"}`,
        );
        const seconds = String(Math.floor(now / 1_000));
        const hex = createHmac('sha256', secret).update(`v0:${seconds}:`).update(body).digest('hex');
        return {
          headers: [
            ['Content-Type', 'application/json; charset=utf-8'],
            ['x-zm-signature', `v0=${hex}`],
            ['x-zm-request-timestamp', seconds],
          ],
          body,
        };
      },
      answer: secret =>
        json({
          plainToken: PLAIN_TOKEN,
          encryptedToken: createHmac('sha256', secret).update(PLAIN_TOKEN).digest('hex'),
        }),
    },
  ],
  [
    'discord',
    {
      ask(secret, now) {
        const body = Buffer.from('{"application_id":"775799577604522054","id":"1","type":1,"version":1}');
        return discord.sample({ url: '', secret, sequence: 0, now, body });
      },
      answer: () => json({ type: 1 }),
    },
  ],
]);

/** The query by which a provider subscribes with this token, and its answer; one for each that has a `handshake`. */
export const handshakes: ReadonlyMap<
  string,
  { readonly query: (token: string) => string; readonly answer: Answer }
> = new Map([
  [
    'meta',
    {
      query: (token: string) =>
        `?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=${encodeURIComponent(token)}`,
      answer: { status: 200, contentType: 'text/plain', body: '1158201444' },
    },
  ],
]);

/** What a provider sends without a signature to see whether somebody is there; one for each that has `unsigned`. */
export const looks: ReadonlyMap<string, { readonly request: SampleRequest; readonly answer: Answer }> =
  new Map([
    [
      'slack',
      {
        request: {
          headers: [['Content-Type', 'application/x-www-form-urlencoded']],
          body: Buffer.from('token=t&ssl_check=1&command=%2Fdeploy'),
        },
        answer: { status: 200, contentType: null, body: '' },
      },
    ],
  ]);
