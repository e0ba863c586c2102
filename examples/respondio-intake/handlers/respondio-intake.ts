import { defineHandler } from '@ackline/handlers/define-handler';
import { giveUp } from '@ackline/handlers/handler-error';
import { respondio, type RespondioPayload } from '@ackline/handlers/respondio';
import type { HandlerEvent } from '@ackline/handlers/source';
import { type Contact, createTables, type Message, upsertContact, upsertMessage } from './contact-store.ts';

/** Keeps contacts and messages as respond.io tells them, of each tenant apart. */
export const respondioIntake = defineHandler({
  name: 'respondio-intake',
  source: respondio,
  async handle(event, { pg, settings }) {
    if (settings['createTables'] === true) await createTables(pg);
    const contact = contactOf(event);
    if (contact === null) throw giveUp('a payload without contact.id');
    const message = messageOf(event, contact);
    await upsertContact(pg, contact);
    if (message !== null) await upsertMessage(pg, message); // a changed contact, a closed conversation, … have none
  },
});

function contactOf(event: HandlerEvent<RespondioPayload>): Contact | null {
  const { contact, message } = event.payload;
  const id = idOf(contact?.id);
  if (contact === undefined || id === null) return null;
  return {
    tenant: event.tenant,
    id,
    phone: textOf(contact.phone),
    email: textOf(contact.email),
    firstName: textOf(contact.firstName),
    lastName: textOf(contact.lastName),
    fields: JSON.stringify(contact, (_name, value: unknown) =>
      typeof value === 'string' ? storable(value) : value,
    ),
    seenAt: timeOf(event),
    seenMessage: messageIdOf(message) ?? '',
  };
}

function messageOf(event: HandlerEvent<RespondioPayload>, contact: Contact): Message | null {
  const { message, channel } = event.payload;
  const id = messageIdOf(message);
  if (id === null) return null;
  return {
    tenant: event.tenant,
    channelId: idOf(channel?.id) ?? '',
    id,
    contactId: contact.id,
    direction: directionOf(event),
    channelName: textOf(channel?.name),
    type: textOf(message?.message?.type),
    body: textOf(message?.message?.text),
    sentAt: timeOf(event),
  };
}

function messageIdOf(message: RespondioPayload['message']): string | null {
  return idOf(message?.messageId) ?? idOf(message?.channelMessageId);
}

/** The bare payload does not say; the endpoint does. */
function directionOf({ payload, source }: HandlerEvent<RespondioPayload>): Message['direction'] {
  const traffic = payload.message?.traffic;
  if (traffic === 'incoming' || traffic === 'outgoing') return traffic;
  return source.endsWith('-outgoing') ? 'outgoing' : 'incoming';
}

/** respond.io's, else when the event arrived: the same at each try, and in each replay. */
function timeOf({ occurredAt, receivedAt }: HandlerEvent<RespondioPayload>): Date {
  return occurredAt ?? receivedAt;
}

/** A number beyond 2^53 may be that of its neighbour by now, and two rows would become one. */
function idOf(id: unknown): string | null {
  if (typeof id !== 'number') return textOf(id);
  if (!Number.isSafeInteger(id)) throw giveUp('an id that is a number beyond 2^53');
  return String(id);
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? storable(value) : null;
}

/** PostgreSQL's text has neither NUL nor half a character. */
function storable(text: string): string {
  return text.replaceAll('\0', '').toWellFormed();
}
