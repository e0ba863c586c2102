import type { HandlerContext } from '@ackline/handlers/handler-context';

export interface Category {
  readonly id: number;
  readonly name: string;
}

export interface ServiceApi {
  categories(type: string, side: string): Promise<readonly Category[]>;
  /** Makes a request and returns its number: of the same event always the same. */
  request(wanted: {
    readonly type: string;
    readonly side: string;
    readonly category: number;
  }): Promise<number>;
}

const CATEGORIES_TTL_MS = 600_000;

/** Of one event. Rejects with an OutboundError while the API is away. */
export function createServiceApi(eventId: string, { http, cache, settings }: HandlerContext): ServiceApi {
  const base = String(settings['apiUrl']);
  return {
    categories: (type, side) =>
      cache.getOrLoad(
        `service_categories_${type}_${side}`,
        async () => {
          const query = new URLSearchParams({ type, side }).toString();
          const answer = await http.get(`${base}/categories?${query}`);
          return answer.json() as readonly Category[];
        },
        { ttlMs: CATEGORIES_TTL_MS },
      ),
    async request(wanted) {
      const options = { json: wanted, headers: { 'idempotency-key': eventId }, idempotent: true };
      const answer = await http.post(`${base}/requests`, options);
      return (answer.json() as { number: number }).number;
    },
  };
}
