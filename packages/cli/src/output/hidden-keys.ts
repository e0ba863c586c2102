import { hiddenKey } from '@ackline/shared/hidden-key';

/** A key that a console has hidden already. */
const HIDDEN = /^#[0-9a-f]{8}$/;

interface Ordered {
  readonly source: string;
  readonly orderingKey: string | null;
}

/** They may be phone numbers: equal ones are known by their hashes. */
export function withHiddenKeys<Event extends Ordered & { readonly dedupKey: string }>(event: Event): Event {
  return { ...withHiddenOrderingKey(event), dedupKey: hidden(event.source, event.dedupKey) };
}

/** {@link withHiddenKeys} for a delivery, which has this one alone. */
export function withHiddenOrderingKey<Row extends Ordered>(row: Row): Row {
  const { source, orderingKey } = row;
  return { ...row, orderingKey: orderingKey === null ? null : hidden(source, orderingKey) };
}

function hidden(source: string, key: string): string {
  return HIDDEN.test(key) ? key : hiddenKey(source, key);
}
