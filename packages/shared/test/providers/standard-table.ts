import { createHmac } from 'node:crypto';

import { Webhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';

import type { Provider, ReceivedRequest } from '../../src/provider.ts';
import { fixture, post } from './requests.ts';
import { headerOf, type Sdk, type SignedProvider, type SignOptions } from './suite.ts';

export const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
export const OTHER_SECRET = `whsec_${Buffer.alloc(64, 0xa5).toString('base64')}`;
export const ID = 'msg_2KWPBgLlAfxdpx2AI54pPJ85f4W';

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

export const secondsOf = (at: number) => String(Math.floor(at / 1000));

export function standardTable(
  provider: Provider,
  prefix: string,
  sdk: { name: string; create: (secret: string) => StandardSdk },
): SignedProvider {
  const names = ['contact-created', 'milliseconds'].map(name => `standard-webhooks/${name}.json`);
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
    bodies: new Map(names.map(name => [name, fixture(name).toString()])),
    sign(body, options) {
      const signature = signatureOf(body, options);
      return standardPost(prefix, { id: ID, seconds: secondsOf(options.at), signature }, body);
    },
    sdk: official,
  };
}

export const createStandardSdk = (secret: string): StandardSdk => new Webhook(secret);
export const createSvixSdk = (secret: string): StandardSdk => new SvixWebhook(secret);
