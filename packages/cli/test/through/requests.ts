import { setTimeout as delay } from 'node:timers/promises';
import { newKeysOf } from '@ackline/shared/new-keys';
import type { Provider, SampleRequest } from '@ackline/shared/provider';
import { providers } from '@ackline/shared/providers/registry';
import { request } from 'undici';
import type { Gateway } from './gateway.ts';

export const PUBLIC_URL = 'https://hooks.example.com';
export const pathOf = (name: string) => `/webhook/${name}`;
const variableOf = (name: string) => `${name.toUpperCase().replaceAll('-', '_')}_SECRET`;

const KEYS = new Map([...providers].map(([name, provider]) => [name, newKeysOf(provider)]));

/** By their variables, one for each provider. */
export const SECRETS: Readonly<Record<string, string>> = Object.fromEntries(
  [...KEYS].map(([name, keys]) => [variableOf(name), keys.secret]),
);

export function secretOf(name: string): string {
  return SECRETS[variableOf(name)] ?? '';
}

/** A source of every provider, and all that they send to one receiver. */
export function configFor(receiverUrl: string): string {
  const sources = [...providers].map(([name, { toleranceMs }]) => {
    // A machine that is busy may take longer than the seconds that some providers give themselves.
    const tolerance = toleranceMs === null ? '' : ', tolerance: 1h';
    return `  - { name: ${name}, provider: ${name}, path: ${pathOf(name)}, secrets: [{ env: ${variableOf(name)} }]${tolerance} }`;
  });
  return `
publicUrl: ${PUBLIC_URL}
sources:
${sources.join('\n')}
destinations: [{ name: receiver, type: http, url: '${receiverUrl}/hook', timeout: 60s }]
routes: [{ name: all, destination: receiver }]
`;
}

export function signed(provider: Provider, sequence: number, body?: Uint8Array): SampleRequest {
  const { name } = provider;
  const secret = KEYS.get(name)?.signingKey ?? secretOf(name);
  const options = { url: PUBLIC_URL + pathOf(name), secret, sequence, now: Date.now() };
  return provider.sample({ ...options, ...(body && { body }) });
}

/** The status of the answer. */
export async function post(gateway: Gateway, path: string, sample: SampleRequest): Promise<number> {
  return (await send(gateway, path, sample)).statusCode;
}

/** No disk takes as much in its time as this many would be for. */
const MAX_TRIES = 30;

/**
 * A disk that is busy may not take a large body in its time: a 503 is no acceptance, and it is sent again as it is once the answer
 * says so. Resolves with how often that was; throws for any other answer than 200.
 */
export async function postUntilTaken(gateway: Gateway, path: string, sample: SampleRequest): Promise<number> {
  for (let refused = 0; refused < MAX_TRIES; refused += 1) {
    const { statusCode, headers } = await send(gateway, path, sample);
    if (statusCode === 200) return refused;
    if (statusCode !== 503) throw new Error(`${path} answered ${statusCode}`);
    await delay(Number(headers['retry-after']) * 1_000);
  }
  throw new Error(`${path} answered ${MAX_TRIES} times 503`);
}

async function send(gateway: Gateway, path: string, { headers, body, query = '' }: SampleRequest) {
  const answer = await request(gateway.url + path + query, {
    method: 'POST',
    headers: headers.flat(),
    body: Buffer.from(body),
  });
  await answer.body.dump();
  return answer;
}
