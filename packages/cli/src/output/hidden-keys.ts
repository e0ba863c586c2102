import { hiddenKey } from '@ackline/shared/hidden-key';

/** A key that a console has hidden already. */
const HIDDEN = /^#[0-9a-f]{8}$/;

interface Keyed {
  readonly source: string;
  readonly dedupKey: string;
  readonly orderingKey: string | null;
}

/** They may be phone numbers: equal ones are known by their hashes. */
export function withHiddenKeys<Event extends Keyed>(event: Event): Event {
  const { source, dedupKey, orderingKey } = event;
  const hidden = (key: string) => (HIDDEN.test(key) ? key : hiddenKey(source, key));
  return {
    ...event,
    dedupKey: hidden(dedupKey),
    orderingKey: orderingKey === null ? null : hidden(orderingKey),
  };
}
