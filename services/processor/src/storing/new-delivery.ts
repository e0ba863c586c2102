import type { DestinationConfig, RouteConfig } from '@ackline/shared/config/types';
import type { NewDelivery } from '@ackline/store/deliveries';
import type { EnvelopeMeta } from '@ackline/shared/envelope';
import type { StoredPlace } from '@ackline/store/events';

export interface DeliveryPlan {
  /** Of the delivery. */
  readonly id: string;
  readonly event: StoredPlace &
    Pick<EnvelopeMeta, 'id' | 'source' | 'tenant' | 'orderingKey' | 'priority' | 'notBefore'> & {
      /** Of its body as it is stored. */
      readonly bodyBytes: number;
    };
  readonly route: Pick<RouteConfig, 'name' | 'destination' | 'priority' | 'history' | 'transform'>;
  readonly destinations: ReadonlyMap<string, Pick<DestinationConfig, 'ordering'>>;
}

/** The delivery of a stored event along a route, not leased. It has an ordering key only where its destination keeps that order. */
export function newDelivery({ id, event, route, destinations }: DeliveryPlan): NewDelivery {
  const ordered = destinations.get(route.destination)?.ordering === 'key';
  return {
    id,
    storedDay: event.storedDay,
    seq: event.seq,
    eventId: event.id,
    source: event.source,
    tenant: event.tenant,
    route: route.name,
    destination: route.destination,
    orderingKey: ordered ? event.orderingKey : null,
    priority: route.priority === 'event' ? event.priority : route.priority,
    bodyBytes: event.bodyBytes,
    keepHistory: route.history === 'all',
    transforms: route.transform !== null,
    notBefore: event.notBefore,
    lease: null,
  };
}
