import type { DestinationConfig, TransformConfig } from '@ackline/shared/config/types';
import type { EnvelopeMeta } from '@ackline/shared/envelope';
import type { Rules } from '../../rules.ts';
import type { TransformResult } from '../../transforming/transform-job.ts';
import type { Transformer } from '../../transforming/transformer.ts';
import type { AttemptResult } from '../outcomes/outcome.ts';
import type { UnknownNames } from './unknown-names.ts';

export type Payload = { readonly body: Uint8Array } | Extract<AttemptResult, { readonly kind: 'error' }>;

export interface RoutedEvent {
  /** Of the delivery. */
  readonly id: string;
  readonly route: string;
  /** It had a transform when the delivery was stored; null: an older release has not said so. */
  readonly transforms: boolean | null;
  readonly meta: EnvelopeMeta;
  readonly body: Uint8Array;
}

/** The bodies that deliveries of routes with a `transform` send. */
export interface Payloads {
  /** null: the body as it came. `limit` is asked for only where an expression is evaluated. */
  make(
    event: RoutedEvent,
    destination: Pick<DestinationConfig, 'name'>,
    limit: () => AbortSignal,
  ): Promise<Payload> | null;
}

export interface PayloadsDeps {
  /** What is in force. */
  readonly rules: () => Pick<Rules, 'routes'>;
  readonly transformer: Pick<Transformer, 'transform'>;
  readonly unknownRoutes: UnknownNames;
}

export function createPayloads({ rules, transformer, unknownRoutes }: PayloadsDeps): Payloads {
  /**
   * A delivery knows its route by name, and each try goes by the file of now. Where that has not that route, and for so long that no
   * newer file is on its way, what was to be transformed is not sent; nor, where that is not known, to a destination that gets transformed events.
   */
  function transformOf(
    route: string,
    transforms: boolean | null,
    destination: string,
  ): TransformConfig | 'busy' | 'gone' | null {
    const { routes } = rules();
    const known = routes.get(route);
    if (known !== undefined) {
      unknownRoutes.known(route);
      return known.transform;
    }
    if (transforms === false) return null;
    if (unknownRoutes.mayBecomeKnown(route)) return 'busy';
    return transforms === true || isTransformedFor(destination, routes) ? 'gone' : null;
  }

  return {
    make({ id, route, transforms, meta, body }, { name }, limit) {
      const transform = transformOf(route, transforms, name);
      if (transform === null) return null;
      if (transform === 'busy' || transform === 'gone') return Promise.resolve(errorOf(transform, null));
      const { source, tenant, type, provider, headers } = meta;
      const event = { source, tenant, type, provider, headers, body };
      return transformer.transform({ delivery: id, route, transform, event }, limit()).then(toPayload);
    },
  };
}

function isTransformedFor(destination: string, routes: Rules['routes']): boolean {
  return routes.values().some(other => other.destination === destination && other.transform !== null);
}

function toPayload(result: TransformResult): Payload {
  switch (result.kind) {
    case 'done':
      return { body: result.body };
    case 'failed':
      return errorOf(result.reason, result.detail);
    case 'busy':
    case 'killed':
      return errorOf(result.kind, null);
    default: {
      const never: never = result;
      return never;
    }
  }
}

function errorOf(
  reason: 'gone' | 'busy' | 'killed' | Extract<TransformResult, { readonly kind: 'failed' }>['reason'],
  detail: string | null,
): Payload {
  return { kind: 'error', errorClass: `transform-${reason}`, detail };
}
