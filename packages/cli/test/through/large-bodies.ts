import assert from 'node:assert/strict';
import { hash, randomBytes } from 'node:crypto';
import type { Provider } from '@ackline/shared/provider';
import { providers } from '@ackline/shared/providers/registry';
import type { FakeReceiver } from '@ackline/testkit/fake-receiver';
import { waitFor } from '@ackline/testkit/wait-for';
import pg from 'pg';
import type { Gateway } from './gateway.ts';
import { pathOf, post, signed } from './requests.ts';

const MIB = 1_048_576;
/** What a source takes whose provider sends no more. */
const USUAL_LIMIT_BYTES = MIB;
const SLOW = { timeoutMs: 120_000 };

interface Through {
  readonly gateway: Gateway;
  readonly receiver: FakeReceiver;
  readonly databaseUrl: string;
}

/**
 * Sends as large a body as each provider's source takes, and one byte more: the first is durable once it is answered and comes to the
 * receiver byte for byte, the second is refused.
 */
export async function sendLargestBodies({ gateway, receiver, databaseUrl }: Through): Promise<void> {
  const hashes = new Map<string, string>();
  for (const provider of providers.values()) {
    const limitBytes = provider.maxBodyBytes ?? USUAL_LIMIT_BYTES;
    const sample = signed(provider, 1, bodyOf(provider, limitBytes));
    assert.equal(sample.body.length, limitBytes);
    assert.equal(await post(gateway, pathOf(provider.name), sample), 200, provider.name);
    assert.ok(await isDurable(databaseUrl, provider.name, limitBytes), provider.name);
    hashes.set(provider.name, hash('sha256', sample.body));
    const larger = signed(provider, 2, bodyOf(provider, limitBytes + 1));
    assert.equal(await post(gateway, pathOf(provider.name), larger), 413, provider.name);
  }
  await waitFor(() => receiver.requests.length >= hashes.size, SLOW);
  const received = receiver.requests.map(({ rawHeaders, body }) => {
    const url = rawHeaders.find(([name]) => name === 'ackline-url')?.[1] ?? '';
    return [/\/webhook\/([a-z-]+)/.exec(url)?.[1] ?? url, hash('sha256', body)] as const;
  });
  assert.deepEqual(new Map(received), hashes);
  assert.equal(received.length, hashes.size, 'each came once');
  const bytes = receiver.requests.reduce((sum, { body }) => sum + body.length, 0);
  process.stdout.write(`# ${hashes.size} bodies, ${(bytes / MIB).toFixed(1)} MiB, each as it was sent\n`);
}

/** A sample of the provider with a field more, so that it has so many bytes. */
function bodyOf(provider: Provider, bytes: number): Buffer {
  const example = Buffer.from(signed(provider, 0).body);
  const isJson = example.at(-1) === Buffer.from('}')[0];
  const start = isJson ? example.subarray(0, -1) : example;
  const [before, after] = isJson ? [',"filler":"', '"}'] : ['&filler=', ''];
  const missing = bytes - start.length - before.length - after.length;
  const filler = randomBytes(Math.ceil(missing / 2))
    .toString('hex')
    .slice(0, missing);
  return Buffer.concat([start, Buffer.from(before + filler + after)]);
}

/** By one look at both places: committed in the inbox, or stored already. */
async function isDurable(databaseUrl: string, source: string, bytes: number): Promise<boolean> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ there: boolean }>(
      `select exists (select from inbox where length(body) = $2) or exists (select from events where source = $1) as there`,
      [source, bytes],
    );
    return rows[0]?.there === true;
  } finally {
    await client.end();
  }
}
