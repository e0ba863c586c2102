import type { Identity } from '../provider.ts';
import { safeKey } from '../safe-key.ts';
import { epochMs, idText, isObject, type JsonObject, valueAt } from './json-body.ts';

/** Where the events are in a body of Meta's: in lists of lists. */

/** One event, and where it stands. */
export interface MetaEvent {
  readonly identity: Identity;
  readonly place: Place;
}

/** Its way from the body: entry, then a list of it, then for some changes a list of theirs. */
export interface Place {
  /** Of `entry`. */
  readonly entry: number;
  readonly list: 'changes' | 'messaging' | 'standby';
  /** In that list. */
  readonly index: number;
  /** null: all that is at `index`. */
  readonly item: { readonly list: 'messages' | 'statuses'; readonly index: number } | null;
}

/** `whatsapp`, `page`, `instagram`: what an app has subscribed to. */
export function productOf(payload: JsonObject): string {
  const object = valueAt(payload, 'object');
  if (object === 'whatsapp_business_account') return 'whatsapp';
  return typeof object === 'string' && object !== '' ? object : 'unknown';
}

/** In the order of the body. */
export function metaEvents(payload: JsonObject): readonly MetaEvent[] {
  const product = productOf(payload);
  return listAt(payload, 'entry').flatMap((entry, index) => {
    const account = idText(valueAt(entry, 'id'));
    const place = { entry: index, product, account };
    return [
      ...listAt(entry, 'changes').flatMap((change, at) => changeEvents(change, at, place)),
      ...listAt(entry, 'messaging').map((item, at) => chatEvent(item, { ...place, list: 'messaging', at })),
      ...listAt(entry, 'standby').map((item, at) => chatEvent(item, { ...place, list: 'standby', at })),
    ];
  });
}

/** The one that all entries are of; null: there is none, or several. */
export function accountOf(payload: JsonObject): string | null {
  const ids = new Set(listAt(payload, 'entry').map(entry => idText(valueAt(entry, 'id'))));
  const [id = null] = ids;
  return ids.size === 1 ? id : null;
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

/** WhatsApp's messages and their states; of every other field a change is one event. */
function changeEvents(change: unknown, index: number, { entry, product, account }: EntryPlace): MetaEvent[] {
  const field = valueAt(change, 'field');
  const value = valueAt(change, 'value');
  const phone = idText(valueAt(value, 'metadata', 'phone_number_id'));
  const events = ITEM_LISTS.flatMap(list =>
    field === 'messages' && product === 'whatsapp'
      ? listAt(value, list).map((item, at): MetaEvent => {
          const identity = list === 'messages' ? messageIdentity(item) : statusIdentity(item);
          const orderingKey = keyOf(account, phone, personOf(item));
          return {
            identity: { ...identity, orderingKey },
            place: { entry, list: 'changes', index, item: { list, index: at } },
          };
        })
      : [],
  );
  if (events.length > 0) return events;
  const type = typeof field === 'string' && field !== '' ? safeKey(`${product}.${field}`) : safeKey(product);
  const identity: Identity = {
    type,
    dedupKey: null,
    orderingKey: keyOf(account),
    occurredAt: null,
    priority: 'normal',
  };
  return [{ identity, place: { entry, list: 'changes', index, item: null } }];
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

/** A message goes through several states, under one id. */
function statusIdentity(status: unknown): Identity {
  const [id, state, time] = ['id', 'status', 'timestamp'].map(name => idText(valueAt(status, name)));
  return {
    type: 'whatsapp.status',
    dedupKey: id == null || state == null ? null : safeKey('status', id, state, time ?? ''),
    orderingKey: null,
    occurredAt: epochMs(valueAt(status, 'timestamp'), 1000),
    priority: 'normal',
  };
}

/** The group; else who wrote, or was written to. Who has a name may come without a number. */
export function personOf(item: unknown): string | null {
  for (const name of ['group_id', 'from', 'recipient_id', 'from_user_id', 'recipient_user_id']) {
    const id = idText(valueAt(item, name));
    if (id !== null) return id;
  }
  return null;
}

/** Of Messenger and Instagram. */
function chatEvent(
  item: unknown,
  {
    entry,
    product,
    account,
    list,
    at,
  }: EntryPlace & { readonly list: 'messaging' | 'standby'; readonly at: number },
): MetaEvent {
  const kind = kindOf(item);
  const type = safeKey([product, ...(list === 'standby' ? [list] : []), typeOf(item, kind)].join('.'));
  const id = idText(valueAt(item, kind, 'mid'));
  const time = idText(valueAt(item, 'timestamp'));
  const sender = idText(valueAt(item, 'sender', 'id'));
  const person = sender === null || sender === account ? idText(valueAt(item, 'recipient', 'id')) : sender;
  const identity: Identity = {
    type,
    // One message is edited, deleted, read and reacted to under its id.
    dedupKey: id === null || time === null ? null : safeKey(type, id, time),
    orderingKey: keyOf(account, person),
    occurredAt: epochMs(valueAt(item, 'timestamp'), 1),
    priority: 'normal',
  };
  return { identity, place: { entry, list, index: at, item: null } };
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
