import assert from 'node:assert/strict';
import { hash, randomBytes } from 'node:crypto';
import type { Provider } from '@ackline/shared/provider';
import { providers } from '@ackline/shared/providers/registry';
import type { FakeReceiver } from '@ackline/testkit/fake-receiver';
import { waitFor } from '@ackline/testkit/wait-for';
import pg from 'pg';
import type { Gateway } from './gateway.ts';
import { pathOf, post, postUntilTaken, signed } from './requests.ts';

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
  const expected: string[] = [];
  let refused = 0;
  for (const provider of providers.values()) {
    const limitBytes = provider.maxBodyBytes ?? USUAL_LIMIT_BYTES;
    const sample = signed(provider, 1, bodyOf(provider, limitBytes));
    assert.equal(sample.body.length, limitBytes);
    refused += await postUntilTaken(gateway, pathOf(provider.name), sample);
    assert.ok(await isDurable(databaseUrl, provider.name, limitBytes), provider.name);
    for (const body of deliveredOf(provider, sample.body))
      expected.push(`${provider.name} ${hash('sha256', body)}`);
    const larger = signed(provider, 2, bodyOf(provider, limitBytes + 1));
    assert.equal(await post(gateway, pathOf(provider.name), larger), 413, provider.name);
  }
  await waitFor(() => receiver.requests.length >= expected.length, SLOW);
  const received = receiver.requests.map(({ rawHeaders, body }) => {
    const url = rawHeaders.find(([name]) => name === 'ackline-url')?.[1] ?? '';
    return `${/\/webhook\/([a-z-]+)/.exec(url)?.[1]} ${hash('sha256', body)}`;
  });
  assert.deepEqual(received.toSorted(), expected.toSorted());
  const bytes = receiver.requests.reduce((sum, { body }) => sum + body.length, 0);
  process.stdout.write(
    `# ${expected.length} bodies, ${(bytes / MIB).toFixed(1)} MiB, each as it was sent; ${refused} × 503\n`,
  );
}

/** All of it, or each event of a body that has several. */
function deliveredOf(provider: Provider, body: Uint8Array): readonly Uint8Array[] {
  const parts = [...(provider.split?.({ body }) ?? [])];
  return parts.length === 0 ? [body] : parts.map(part => part.body);
}

/** A sample of the provider with a field more, so that it has so many bytes. */
function bodyOf(provider: Provider, bytes: number): Buffer {
  const example = Buffer.from(signed(provider, 0).body);
  const end = example.lastIndexOf('}');
  const [before, after] =
    end === -1 ? ['&filler=', ''] : [',"filler":"', `"${example.subarray(end).toString()}`];
  const start = end === -1 ? example : example.subarray(0, end);
  const missing = bytes - start.length - before.length - after.length;
  return Buffer.concat([start, Buffer.from(before + commits(missing) + after)]);
}

/** As a push names them, in so many characters: the ids can not be compressed, what is between them can. */
function commits(length: number): string {
  const parts: string[] = [];
  for (let missing = length; missing > 0; missing -= parts.at(-1)?.length ?? 0)
    parts.push(`${randomBytes(20).toString('hex')} of Ada: repair what the last one broke; ada@example.com `);
  return parts.join('').slice(0, length);
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
