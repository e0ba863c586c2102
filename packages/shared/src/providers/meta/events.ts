import type { Identity } from '../../provider.ts';
import { safeKey } from '../../safe-key.ts';
import { commonId, epochMs, idText, isObject, type JsonObject, valueAt } from '../body/json-body.ts';

/** Where the events are in a body of Meta's: in lists of lists. */

/** One event, and where it stands. */
export interface MetaEvent {
  readonly identity: Identity;
  readonly place: Place;
}

/** Its way from the body: an entry, then a list of it, then for some changes a list of theirs. */
export interface Place {
  /** Of `entry`. */
  readonly entry: number;
  /** null: all of the entry, which has nothing in such a list. */
  readonly within: ListPlace | null;
}

export interface ListPlace {
  readonly list: 'changes' | 'messaging' | 'standby';
  /** In that list. */
  readonly index: number;
  /** null: all that is at `index`. */
  readonly item: ItemPlace | null;
}

export interface ItemPlace {
  readonly list: 'messages' | 'statuses';
  readonly index: number;
}

/** `whatsapp`, `page`, `instagram`: what an app has subscribed to. */
export function productOf(payload: JsonObject): string {
  const object = valueAt(payload, 'object');
  if (object === 'whatsapp_business_account') return 'whatsapp';
  return typeof object === 'string' && object !== '' ? object : 'unknown';
}

/** In the order of the body; each is looked at when it is asked for. */
export function* metaEvents(payload: JsonObject): Generator<MetaEvent, undefined> {
  const product = productOf(payload);
  for (const [index, entry] of listAt(payload, 'entry').entries()) {
    const place = { entry: index, product, account: idText(valueAt(entry, 'id')) };
    let isEmpty = true;
    for (const event of listedEvents(entry, place)) {
      isEmpty = false;
      yield event;
    }
    if (isEmpty) yield { identity: changeIdentity(entry, place), place: { entry: index, within: null } };
  }
}

/** The one that all entries are of; null: there is none, or several. */
export function accountOf(payload: JsonObject): string | null {
  return commonId(listAt(payload, 'entry').map(entry => idText(valueAt(entry, 'id'))));
}

/** Empty where there is none. */
export function listAt(value: unknown, name: string): readonly unknown[] {
  const list = valueAt(value, name);
  return Array.isArray(list) ? list : [];
}

interface EntryPlace {
  readonly entry: number;
  readonly product: string;
  readonly account: string | null;
}

function* listedEvents(entry: unknown, place: EntryPlace): Generator<MetaEvent, undefined> {
  for (const [index, change] of listAt(entry, 'changes').entries()) yield* changeEvents(change, index, place);
  for (const list of CHAT_LISTS) {
    for (const [index, item] of listAt(entry, list).entries()) {
      const within = { list, index, item: null };
      yield { identity: chatIdentity(item, list, place), place: { entry: place.entry, within } };
    }
  }
}

const CHAT_LISTS = ['messaging', 'standby'] as const;

/** WhatsApp's messages and their states; of every other field a change is one event. */
function* changeEvents(change: unknown, index: number, place: EntryPlace): Generator<MetaEvent, undefined> {
  const { entry, product, account } = place;
  const value = valueAt(change, 'value');
  const phone = idText(valueAt(value, 'metadata', 'phone_number_id'));
  const isChat = product === 'whatsapp' && valueAt(change, 'field') === 'messages';
  let isEmpty = true;
  for (const list of isChat ? ITEM_LISTS : []) {
    for (const [at, item] of listAt(value, list).entries()) {
      isEmpty = false;
      const identity = list === 'messages' ? messageIdentity(item) : statusIdentity(item);
      const orderingKey = keyOf(account, phone, personOf(item));
      const within = { list: 'changes', index, item: { list, index: at } } as const;
      yield { identity: { ...identity, orderingKey }, place: { entry, within } };
    }
  }
  const within = { list: 'changes', index, item: null } as const;
  if (isEmpty) yield { identity: changeIdentity(change, place), place: { entry, within } };
}

/** Of a change, and of an entry that is one itself: Instagram's, and those with `changed_fields`. */
function changeIdentity(change: unknown, { product, account }: EntryPlace): Identity {
  const field = valueAt(change, 'field');
  return {
    type: typeof field === 'string' && field !== '' ? safeKey(`${product}.${field}`) : safeKey(product),
    dedupKey: null,
    orderingKey: keyOf(account),
    occurredAt: null,
    priority: 'normal',
  };
}

const ITEM_LISTS = ['messages', 'statuses'] as const;

function messageIdentity(message: unknown): Identity {
  const id = idText(valueAt(message, 'id'));
  return {
    type: 'whatsapp.message',
    dedupKey: id === null ? null : safeKey('message', id),
    orderingKey: null,
    occurredAt: epochMs(valueAt(message, 'timestamp'), 1000),
    priority: 'normal',
  };
}

/** A message goes through several states, under one id; in a group it does so for each who is in it. */
function statusIdentity(status: unknown): Identity {
  const [id, state] = ['id', 'status'].map(name => idText(valueAt(status, name)));
  const time = idText(valueAt(status, 'timestamp')) ?? '';
  const recipient = firstId(status, ['recipient_id', 'recipient_user_id']) ?? '';
  const participant = firstId(status, ['recipient_participant_id', 'recipient_participant_user_id']);
  const people = participant === null ? [recipient] : [recipient, participant];
  return {
    type: 'whatsapp.status',
    dedupKey: id == null || state == null ? null : safeKey('status', id, state, time, ...people),
    orderingKey: null,
    occurredAt: epochMs(valueAt(status, 'timestamp'), 1000),
    priority: 'normal',
  };
}

/** The group; else who wrote, or was written to. Who has a name may come without a number. */
function personOf(item: unknown): string | null {
  return firstId(item, ['group_id', 'from', 'recipient_id', 'from_user_id', 'recipient_user_id']);
}

function firstId(item: unknown, names: readonly string[]): string | null {
  for (const name of names) {
    const id = idText(valueAt(item, name));
    if (id !== null) return id;
  }
  return null;
}

/** Of Messenger and Instagram. */
function chatIdentity(
  item: unknown,
  list: (typeof CHAT_LISTS)[number],
  { product, account }: EntryPlace,
): Identity {
  const kind = kindOf(item);
  const type = safeKey([product, ...(list === 'standby' ? [list] : []), typeOf(item, kind)].join('.'));
  const id = idText(valueAt(item, kind, 'mid'));
  const time = idText(valueAt(item, 'timestamp'));
  const sender = idText(valueAt(item, 'sender', 'id'));
  const person = sender === null || sender === account ? idText(valueAt(item, 'recipient', 'id')) : sender;
  return {
    type,
    // One message is edited, deleted, read and reacted to under its id.
    dedupKey: id === null || time === null ? null : safeKey(type, id, time),
    orderingKey: keyOf(account, person),
    occurredAt: epochMs(valueAt(item, 'timestamp'), 1),
    priority: 'normal',
  };
}

/** The member that says what happened. */
function kindOf(item: unknown): string {
  if (!isObject(item)) return 'unknown';
  const names = Object.keys(item).filter(name => isObject(item[name]) && !PEOPLE.has(name));
  return names.includes('message') ? 'message' : (names[0] ?? 'unknown');
}

const PEOPLE: ReadonlySet<string> = new Set(['sender', 'recipient']);

function typeOf(item: unknown, kind: string): string {
  if (kind !== 'message') return kind;
  if (valueAt(item, kind, 'is_deleted') === true) return 'message_deleted';
  return valueAt(item, kind, 'is_echo') === true ? 'message_echo' : kind;
}

/** As far as it is known; null: the account is not. */
function keyOf(account: string | null, ...more: readonly (string | null)[]): string | null {
  return account === null ? null : safeKey(account, ...more.filter(part => part !== null));
}
