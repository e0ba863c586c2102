// What is delivered is proven once more by the provider's own SDK in the receiver, with the provider's secret.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { parse } from 'node:querystring';
import { providers } from '@ackline/shared/providers/registry';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { waitFor } from '@ackline/testkit/wait-for';
import { verify as verifyGithub } from '@octokit/webhooks-methods';
import Stripe from 'stripe';
import twilio from 'twilio';
import { type Gateway, startGateway } from './gateway.ts';
import { configFor, pathOf, post, PUBLIC_URL, SECRETS, secretOf, signed } from './requests.ts';

/** As a handler of the receiver has it: the header of a name, and the body as it came. */
interface Delivered {
  readonly header: (name: string) => string;
  readonly body: Buffer;
}

/** As each SDK's documentation has it. False, or an error: it is not proven. */
const CHECKS: Readonly<Record<string, (delivered: Delivered, url: string) => boolean | Promise<boolean>>> = {
  stripe({ header, body }) {
    new Stripe('sk_test_none').webhooks.constructEvent(body, header('stripe-signature'), secretOf('stripe'));
    return true;
  },
  github: ({ header, body }) =>
    verifyGithub(secretOf('github'), body.toString(), header('x-hub-signature-256')),
  twilio({ header, body }, url) {
    const signature = header('x-twilio-signature');
    const token = secretOf('twilio');
    return header('content-type').startsWith('application/json')
      ? twilio.validateRequestWithBody(token, signature, url, body.toString())
      : twilio.validateRequest(token, signature, url, parse(body.toString()));
  },
};

interface Seen {
  readonly provider: string;
  readonly body: Buffer;
  /** As it was called by the provider. */
  readonly url: string;
  readonly isProven: boolean;
  /** With one bit of the body changed. */
  readonly isProvenAltered: boolean;
  /** With the URL that the receiver was called by. */
  readonly isProvenHere: boolean;
}

async function judge(request: IncomingMessage, here: string): Promise<Seen> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const header = (name: string) => String(request.headers[name] ?? '');
  const url = header('ackline-url');
  const provider = /\/webhook\/([a-z-]+)/.exec(url)?.[1] ?? '';
  const check = CHECKS[provider] ?? (() => false);
  const isProven = async (body: Buffer, url: string) => {
    try {
      return await check({ header, body }, url);
    } catch {
      return false;
    }
  };
  const altered = Buffer.from(body);
  altered[10] = (altered[10] ?? 0) ^ 1;
  return {
    provider,
    body,
    url,
    isProven: await isProven(body, url),
    isProvenAltered: await isProven(altered, url),
    isProvenHere: await isProven(body, here),
  };
}

describe('a delivery, checked by the SDK of its provider at the receiver', () => {
  const seen: Seen[] = [];
  const receiver = createServer((request, response) => {
    void judge(request, `${receiverUrl}/hook`).then(each => {
      seen.push(each);
      response.writeHead(each.isProven ? 200 : 401).end();
    });
  });
  let receiverUrl = '';
  let database: TestDatabase;
  let gateway: Gateway;
  before(async () => {
    await once(receiver.listen(0, '127.0.0.1'), 'listening');
    receiverUrl = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
    database = await createTestDatabase();
    gateway = await startGateway({
      databaseUrl: database.url,
      config: configFor(receiverUrl),
      env: SECRETS,
    });
  });
  after(async () => {
    await gateway[Symbol.asyncDispose]();
    receiver.closeAllConnections();
    receiver.close();
    await database.close();
  });

  async function deliver(
    name: string,
    bodies: readonly (Uint8Array | undefined)[],
  ): Promise<readonly Seen[]> {
    const provider = providers.get(name);
    assert.ok(provider);
    const samples = bodies.map((body, sequence) => signed(provider, sequence, body));
    for (const sample of samples) assert.equal(await post(gateway, pathOf(name), sample), 200);
    const own = () => seen.filter(each => each.provider === name);
    await waitFor(() => own().length >= samples.length, { timeoutMs: 60_000, what: `deliveries of ${name}` });
    const bodyHexes = (list: readonly { body: Uint8Array }[]) =>
      list.map(({ body }) => Buffer.from(body).toString('hex')).sort();
    assert.deepEqual(bodyHexes(own()), bodyHexes(samples));
    for (const { isProven, isProvenAltered } of own())
      assert.deepEqual([isProven, isProvenAltered], [true, false]);
    return own();
  }

  const odd = Buffer.from('{"id":"evt_odd",  "note":"\\u00e9 é 👋",\r\n "n":9007199254740993}\n');

  it('stripe: constructEvent takes it', async () => {
    await deliver('stripe', [undefined, undefined, odd]);
  });

  it('@octokit/webhooks-methods: verify takes it', async () => {
    await deliver('github', [undefined, undefined, odd]);
  });

  it('twilio: validateRequest takes it with the URL of the header ackline-url, and not with its own', async () => {
    const form = Buffer.from('To=%2B15550009999&From=whatsapp%3A%2B1555&Body=a+b%26c%20%F0%9F%91%8B&Body=');
    const list = await deliver('twilio', [
      undefined,
      undefined,
      form,
      Buffer.from('[{"specversion":"1.0"}]'),
    ]);
    for (const { url, isProvenHere } of list) {
      assert.ok(url.startsWith(PUBLIC_URL + pathOf('twilio')));
      assert.equal(isProvenHere, false);
    }
    assert.equal(list.filter(({ url }) => url.includes('?bodySHA256=')).length, 1);
  });
});
