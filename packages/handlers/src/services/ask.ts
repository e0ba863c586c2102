import { HandlerError } from '../handler-error.ts';
import type { ServiceAnswer, ServiceName, ServiceRequest } from '../thread/protocol.ts';

/** Asks a service of the host, for one job. Rejects with `SERVICE_AWAY` where it can't answer. */
export type Ask = <Name extends ServiceName>(
  service: Name,
  request: ServiceRequest<Name>,
) => Promise<ServiceAnswer<Name>>;

export function serviceAway(service: ServiceName): HandlerError {
  return new HandlerError(`${service} could not be answered`, { kind: 'failed', code: 'SERVICE_AWAY' });
}
