import type { LogLevel } from '../log-level.ts';
import type { kafkaMechanisms } from './kafka-mechanisms.ts';
import type { CompiledFilter } from '../routing/filter.ts';

/** Where a secret's value is read from; never the value itself. `file` allows rotation without a restart. */
export type SecretRef = { readonly env: string } | { readonly file: string };

/** Over which counts how much a source takes; what is over it is refused, or accepted and processed later. */
export interface LimitConfig {
  readonly max: number;
  /** Whole seconds, in ms. */
  readonly perMs: number;
  readonly by: 'sender' | 'ip' | 'source';
  readonly over: 'reject' | 'defer';
}

export interface BodyTimesConfig {
  /** Longest silence, before the first byte and between two. */
  readonly idleMs: number;
  /** Of the whole body. */
  readonly totalMs: number;
}

export interface SourceConfig {
  readonly name: string;
  readonly provider: string;
  /** The rules of a provider that takes some, as the file has them; null: its own. `providerOf` reads them. */
  readonly options: Readonly<Record<string, unknown>> | null;
  readonly tenant: string;
  readonly path: string;
  readonly aliases: readonly string[];
  readonly secrets: readonly SecretRef[];
  /** What the provider shows when it calls by GET; none of a provider that does not. */
  readonly verifyTokens: readonly SecretRef[];
  /** Overrides the global `publicUrl`. */
  readonly publicUrl: string | null;
  readonly maxBodyBytes: number;
  /** How far a signed time may be from now, before and after; null: the provider signs none. */
  readonly toleranceMs: number | null;
  readonly bodyTimes: BodyTimesConfig;
  /** null: as much as comes. */
  readonly limit: LimitConfig | null;
  /** `close`: each answer of this source ends its connection. */
  readonly connection: 'keep-alive' | 'close';
  /** What is kept of a request that was refused; `body`: its body too. */
  readonly keepRejected: 'facts' | 'body';
  /** What is answered when no log could take the event: 503 + Retry-After, or 200 (counted as lost). */
  readonly onUndurable: 503 | 200;
}

/** A filter of a route. */
export interface CompiledWhere {
  /** As it was written, for people. */
  readonly given: unknown;
  readonly test: CompiledFilter;
}

/** All that is not null must hold. */
export interface RouteMatch {
  readonly source: string | null;
  readonly type: string | null;
  readonly tenant: string | null;
  readonly where: CompiledWhere | null;
}

/** Makes the body that a route sends. */
export interface TransformConfig {
  readonly jsonata: string;
  readonly timeoutMs: number;
}

export interface RouteConfig {
  readonly name: string;
  readonly match: RouteMatch;
  readonly destination: string;
  /** `event`: that of the event. */
  readonly priority: 'event' | 'high' | 'normal';
  /** failures: what is delivered is forgotten. */
  readonly history: 'all' | 'failures';
  /** null: the body goes out as it came. */
  readonly transform: TransformConfig | null;
}

export interface TenantConfig {
  readonly name: string;
  /** Its turns, against those of other tenants that wait for the same destination. */
  readonly weight: number;
}

export interface RetryConfig {
  /** Waits between tries, in ms: n entries allow n + 1 tries. */
  readonly scheduleMs: readonly number[];
  readonly jitter: 'full' | 'none';
}

export interface BreakerConfig {
  readonly failures: number;
  readonly resetMs: number;
  /** 0: none. */
  readonly slowStartMs: number;
}

export interface RateConfig {
  /** Attempts that begin within any `perMs`, across all processors. */
  readonly max: number;
  readonly perMs: number;
}

interface CommonDestinationConfig {
  readonly name: string;
  /** Attempts at a time, across all processors. */
  readonly concurrency: number;
  /** null: as often as slots are free. */
  readonly rate: RateConfig | null;
  /** Of one attempt, whole. */
  readonly timeoutMs: number;
  readonly retry: RetryConfig;
  readonly breaker: BreakerConfig;
  readonly ordering: 'none' | 'key';
  readonly onPark: 'continue' | 'block';
  /** Signs deliveries by Standard Webhooks; null: unsigned. A handler has none. */
  readonly signingSecret: SecretRef | null;
  readonly forwardSecret: boolean;
}

export interface HttpDestinationConfig extends CommonDestinationConfig {
  readonly type: 'http';
  readonly url: string;
  /** Of each request, in the place of the provider's of the same name; a value as it is sent, or where it is read from. */
  readonly headers: Readonly<Record<string, string | SecretRef>>;
}

export interface KafkaDestinationConfig extends CommonDestinationConfig {
  readonly type: 'kafka';
  readonly topic: string;
  readonly key: 'ordering-key' | 'event-id' | 'none';
  /** Of each record, beside Ackline's own. */
  readonly headers: Readonly<Record<string, string>>;
  /** null: those of KAFKA_BROKERS, reached as the environment says. */
  readonly brokers: readonly string[] | null;
  /** Of brokers of its own, as `sasl`. Paths of PEM files, each null where the default holds; null: in the clear. */
  readonly tls: {
    readonly caFile: string | null;
    readonly certFile: string | null;
    readonly keyFile: string | null;
  } | null;
  /** null: no login. */
  readonly sasl: {
    readonly mechanism: (typeof kafkaMechanisms)[number];
    readonly username: string;
    readonly password: SecretRef;
  } | null;
}

/** A function of the user's, which the processor calls. */
export interface HandlerDestinationConfig extends CommonDestinationConfig {
  readonly type: 'handler';
  /** As it was written: from the folder of ackline.yaml. */
  readonly module: string;
  /** null: the module has one. */
  readonly handler: string | null;
  /** In each processor. */
  readonly threads: number;
  /** Of each thread, as the next. */
  readonly memoryBytes: number;
  /** To PostgreSQL; 0: none. */
  readonly connections: number;
  readonly secrets: Readonly<Record<string, SecretRef>>;
  /** What JSON can hold. */
  readonly settings: Readonly<Record<string, unknown>>;
}

export type DestinationConfig = HttpDestinationConfig | KafkaDestinationConfig | HandlerDestinationConfig;

export interface RetentionConfig {
  /** Days after the one on which an event was stored. */
  readonly eventsDays: number;
  readonly dedupMs: number;
}

export interface AcklineConfig {
  readonly publicUrl: string | null;
  /** Addresses and CIDR blocks whose forwarded headers are believed. */
  readonly trustProxies: readonly string[];
  /** null: that of the environment. */
  readonly logLevel: LogLevel | null;
  readonly sources: readonly SourceConfig[];
  /** Those with a weight of their own. */
  readonly tenants: readonly TenantConfig[];
  readonly routes: readonly RouteConfig[];
  readonly destinations: readonly DestinationConfig[];
  readonly retention: RetentionConfig;
}
