import type { Identity } from '../../../src/provider.ts';
import { meta } from '../../../src/providers/meta.ts';
import { fixture, identityOf, partsOf as partsOfBody, post } from '../support/requests.ts';

export const HEADER = 'X-Hub-Signature-256';
export const WABA = '102290129340398';
export const PHONE = '106540352242922';
export const names = ['whatsapp-text', 'whatsapp-status', 'whatsapp-batch', 'messenger', 'instagram'];
export const TEXT = fixture('meta/whatsapp-text.json');
export const BATCH = fixture('meta/whatsapp-batch.json');
export const MESSENGER = fixture('meta/messenger.json');

export const webhook = (body: string | Uint8Array, signature: string) =>
  post(
    [
      ['Content-Type', 'application/json'],
      [HEADER, signature],
    ],
    body,
  );

/** What the body is named by, before it is split. */
export const wholeOf = (payload: unknown): Identity => identityOf(meta, webhook(JSON.stringify(payload), ''));

export const partsOf = (body: string | Uint8Array) => partsOfBody(meta, body);
export const partsOfValue = (payload: unknown) => partsOf(JSON.stringify(payload)).map(part => part.identity);
export const textOf = ({ body }: { readonly body: Uint8Array }) => Buffer.from(body).toString();

/** With a change of WhatsApp's that has this value. */
export const chat = (value: object) => ({
  object: 'whatsapp_business_account',
  entry: [{ id: 'W', changes: [{ field: 'messages', value }] }],
});
export const page = (...messaging: unknown[]) => ({ object: 'page', entry: [{ id: 'P1', messaging }] });
