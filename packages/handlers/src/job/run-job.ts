import { setImmediate as turn } from 'node:timers/promises';
import type { Handler } from '../define-handler.ts';
import { HandlerError, undecodable } from '../handler-error.ts';
import type { HandlerEvent, RawEvent } from '../source.ts';
import type { HandlerResult, JobEvent } from '../thread/protocol.ts';
import { createJobContext, type JobDeps } from './job-context.ts';
import { resultOf } from './job-result.ts';
import { jobScope } from './job-scope.ts';

/**
 * One attempt of a handler. Never rejects. What the handler began through `ctx` has ended before its result is there, though it may
 * have forgotten to wait for it, and has failed it if it failed: a delivered event has had all its effects, before the next of its key.
 */
export function runJob(
  handler: Handler,
  given: JobEvent,
  deps: JobDeps,
  signal: AbortSignal,
): Promise<HandlerResult> {
  const { promise, resolve } = Promise.withResolvers<HandlerResult>();
  const lost: unknown[] = [];
  const scope = {
    lose: (error: unknown) => void lost.push(error),
    crash: (error: unknown) => deps.crashed(resultOf(error)),
  };
  jobScope.run(scope, () => {
    attempt(handler, given, { deps, signal, lost }).then(resolve, (error: unknown) =>
      resolve(resultOf(error)),
    );
  });
  return promise;
}

/** Whoever aborted it knows why. */
const CUT: HandlerResult = { kind: 'failed', error: 'AbortError', code: 'ABORTED', at: null, detail: null };

interface Attempt {
  readonly deps: JobDeps;
  readonly signal: AbortSignal;
  /** Rejections that nobody waits for. */
  readonly lost: readonly unknown[];
}

async function attempt(
  handler: Handler,
  given: JobEvent,
  { deps, signal, lost }: Attempt,
): Promise<HandlerResult> {
  const event = decoded(handler, given);
  const { context, settled, wasCut } = createJobContext(handler, event, deps, signal);
  let thrown: HandlerResult | null = null;
  try {
    await handler.handle(event, context);
  } catch (error) {
    thrown = resultOf(error);
  }
  // Node tells of a lost rejection after the turn in which it came.
  if (await settled()) await turn();
  if (wasCut()) return CUT;
  if (thrown !== null) return thrown;
  return lost.length > 0 ? resultOf(lost[0]) : { kind: 'done' };
}

function decoded({ name, source }: Handler, given: JobEvent): HandlerEvent {
  const { receivedAt, occurredAt, ...rest } = given;
  const raw: RawEvent = {
    ...rest,
    receivedAt: new Date(receivedAt),
    occurredAt: occurredAt === null ? null : new Date(occurredAt),
  };
  if (source.provider !== null && source.provider !== raw.provider) {
    throw undecodable(
      `the handler ${name} is for events of ${source.provider}, this one is of ${raw.provider}`,
    );
  }
  try {
    return { ...raw, payload: source.decode(raw) };
  } catch (error) {
    throw error instanceof HandlerError ? error : undecodable('its source could not read the body');
  }
}
