import type { DestinationConfig, TransformConfig } from '@ackline/shared/config/types';
import type { EnvelopeMeta } from '@ackline/shared/envelope';
import type { Rules } from '../rules.ts';
import type { TransformResult } from '../transforming/transform-job.ts';
import type { Transformer } from '../transforming/transformer.ts';
import type { AttemptResult } from './outcome.ts';

/** Of an attempt's time, for its turn and the expression: the request keeps the other half. */
const TRANSFORM_PART = 0.5;

export type Payload = { readonly body: Uint8Array } | Extract<AttemptResult, { readonly kind: 'error' }>;

export interface RoutedEvent {
  readonly route: string;
  readonly meta: EnvelopeMeta;
  readonly body: Uint8Array;
}

export interface AttemptBounds {
  /** Of the whole attempt. */
  readonly timeoutMs: number;
  readonly stop: AbortSignal;
}

/** The bodies that deliveries of routes with a `transform` send. */
export interface Payloads {
  /** null: the body as it came. */
  make(
    event: RoutedEvent,
    destination: Pick<DestinationConfig, 'name'>,
    bounds: AttemptBounds,
  ): Promise<Payload> | null;
}

export interface PayloadsDeps {
  /** What is in force. */
  readonly rules: () => Pick<Rules, 'routes'>;
  readonly transformer: Pick<Transformer, 'transform'>;
}

export function createPayloads({ rules, transformer }: PayloadsDeps): Payloads {
  return {
    make({ route, meta, body }, { name }, { timeoutMs, stop }) {
      const transform = transformOf(rules().routes, route, name);
      if (transform === null) return null;
      if (transform === 'gone') return Promise.resolve(errorOf('gone', null));
      const { source, tenant, type, provider, headers } = meta;
      const event = { source, tenant, type, provider, headers, body };
      const limit = AbortSignal.any([stop, AbortSignal.timeout(timeoutMs * TRANSFORM_PART)]);
      return transformer.transform({ route, transform, event }, limit).then(toPayload);
    },
  };
}

/**
 * A delivery knows its route by name. Where the file no longer has that one, it goes out as it came, as it would have; but not
 * where the destination gets transformed events: whether this was to be one is not known.
 */
function transformOf(
  routes: Rules['routes'],
  route: string,
  destination: string,
): TransformConfig | 'gone' | null {
  const known = routes.get(route);
  if (known !== undefined) return known.transform;
  const others = routes.values().filter(other => other.destination === destination);
  return others.some(other => other.transform !== null) ? 'gone' : null;
}

function toPayload(result: TransformResult): Payload {
  switch (result.kind) {
    case 'done':
      return { body: result.body };
    case 'failed':
      return errorOf(result.reason, result.detail);
    case 'busy':
      return errorOf('busy', null);
    default: {
      const never: never = result;
      return never;
    }
  }
}

function errorOf(
  reason: 'gone' | 'busy' | Extract<TransformResult, { readonly kind: 'failed' }>['reason'],
  detail: string | null,
): Payload {
  return { kind: 'error', errorClass: `transform-${reason}`, detail };
}
