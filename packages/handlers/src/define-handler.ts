import type { HandlerContext } from './handler-context.ts';
import type { HandlerEvent, Source } from './source.ts';

/** The mark of a handler among what a module exports: the same in every copy of this package. */
const MARK = Symbol.for('@ackline/handlers/handler');
const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;

export interface HandlerDefinition<Payload> {
  /** Lower case, digits and dashes; a destination names it where a module exports several. */
  readonly name: string;
  /** What the event's body is: `telegram`, `twilio`, `respondio`, `any`, or one of your own. */
  readonly source: Source<Payload>;
  /**
   * Does the work. That it returns means: delivered. `retryLater()` and `giveUp()` say more than an error of another kind, which is tried
   * again by the destination's schedule. It may be called again for the same event: see `ctx.once`.
   */
  handle(event: HandlerEvent<Payload>, ctx: HandlerContext): unknown;
}

export interface Handler<Payload = unknown> extends HandlerDefinition<Payload> {
  readonly [MARK]: true;
}

export function defineHandler<Payload>(definition: HandlerDefinition<Payload>): Handler<Payload> {
  const { name, source } = definition;
  if (!NAME.test(name))
    throw new TypeError('the name of a handler has lower-case letters, digits and dashes');
  if (typeof source?.decode !== 'function') throw new TypeError(`the handler ${name} has no source`);
  if (typeof definition.handle !== 'function')
    throw new TypeError(`the handler ${name} has no function "handle"`);
  return Object.freeze({ ...definition, [MARK]: true as const });
}

export function isHandler(value: unknown): value is Handler {
  return typeof value === 'object' && value !== null && MARK in value;
}
