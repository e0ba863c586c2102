import { createHmac, createPrivateKey, sign as cryptoSign } from 'node:crypto';

import { Webhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';

import type { Provider, ReceivedRequest } from '../../../src/provider.ts';
import { fixture, post } from '../support/requests.ts';
import { headerOf, type Sdk, type SignedProvider, type SignOptions } from '../support/signed-provider.ts';

export const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
export const OTHER_SECRET = `whsec_${Buffer.alloc(64, 0xa5).toString('base64')}`;
export const ID = 'msg_2KWPBgLlAfxdpx2AI54pPJ85f4W';

/** Of Svix's own tests; the second one is of RFC 8032. */
export const PUBLIC_KEY = 'whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=';
export const SIGNING_KEY =
  'whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==';
const OTHER_PUBLIC_KEY = `whpk_${Buffer.from('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a', 'hex').toString('base64')}`;
export const OTHER_SIGNING_KEY = `whsk_${Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex').toString('base64')}`;

/** What the SDKs of Standard Webhooks have in common. */
export interface StandardSdk {
  sign(id: string, timestamp: Date, payload: string): string;
  verify(payload: string, headers: Record<string, string>): unknown;
}

/** A request with these three headers. */
export function standardPost(
  prefix: string,
  proof: { id: string; seconds: string; signature: string },
  body: string | Uint8Array,
): ReceivedRequest {
  return post(
    [
      ['content-type', 'application/json'],
      [`${prefix}-id`, proof.id],
      [`${prefix}-timestamp`, proof.seconds],
      [`${prefix}-signature`, proof.signature],
    ],
    body,
  );
}

/** By Node's crypto alone. */
export function signatureOf(body: Uint8Array, { secret, at }: SignOptions, id = ID): string {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const hmac = createHmac('sha256', key)
    .update(`${id}.${secondsOf(at)}.`)
    .update(body);
  return `v1,${hmac.digest('base64')}`;
}

/** The same by a key pair. */
export function pairSignatureOf(body: Uint8Array, { secret, at }: SignOptions, id = ID): string {
  const seed = Buffer.from(secret.replace(/^whsk_/, ''), 'base64').subarray(0, 32);
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const content = Buffer.concat([Buffer.from(`${id}.${secondsOf(at)}.`), body]);
  return `v1a,${cryptoSign(null, content, key).toString('base64')}`;
}

export const secondsOf = (at: number) => String(Math.floor(at / 1000));

const names = ['contact-created', 'milliseconds'].map(name => `standard-webhooks/${name}.json`);
const bodies = new Map(names.map(name => [name, fixture(name).toString()]));

/** By `v1a`, which no SDK for Node knows. */
export function standardPairTable(provider: Provider, prefix: string): SignedProvider {
  return {
    provider,
    name: `${provider.name} (v1a)`,
    secret: PUBLIC_KEY,
    otherSecret: OTHER_PUBLIC_KEY,
    signingKeys: new Map([
      [PUBLIC_KEY, SIGNING_KEY],
      [OTHER_PUBLIC_KEY, OTHER_SIGNING_KEY],
    ]),
    proofHeaders: [`${prefix}-signature`, `${prefix}-id`, `${prefix}-timestamp`],
    bodies,
    sign(body, options) {
      const signature = pairSignatureOf(body, options);
      return standardPost(prefix, { id: ID, seconds: secondsOf(options.at), signature }, body);
    },
    sdk: null,
  };
}

export function standardTable(
  provider: Provider,
  prefix: string,
  sdk: { name: string; create: (secret: string) => StandardSdk },
): SignedProvider {
  const official: Sdk = {
    name: sdk.name,
    sign(body, { secret, at }) {
      const signature = sdk.create(secret).sign(ID, new Date(at), body);
      return standardPost(prefix, { id: ID, seconds: secondsOf(at), signature }, body);
    },
    verifies(request, secret) {
      const headers = Object.fromEntries(
        ['id', 'timestamp', 'signature'].map(name => [name, headerOf(request, `${prefix}-${name}`)]),
      );
      try {
        sdk
          .create(secret)
          .verify(
            Buffer.from(request.body).toString(),
            Object.fromEntries(Object.entries(headers).map(([name, value]) => [`${prefix}-${name}`, value])),
          );
        return true;
      } catch {
        return false;
      }
    },
  };
  return {
    provider,
    secret: SECRET,
    otherSecret: OTHER_SECRET,
    proofHeaders: [`${prefix}-signature`, `${prefix}-id`, `${prefix}-timestamp`],
    bodies,
    sign(body, options) {
      const signature = signatureOf(body, options);
      return standardPost(prefix, { id: ID, seconds: secondsOf(options.at), signature }, body);
    },
    sdk: official,
  };
}

export const createStandardSdk = (secret: string): StandardSdk => new Webhook(secret);
export const createSvixSdk = (secret: string): StandardSdk => new SvixWebhook(secret);
