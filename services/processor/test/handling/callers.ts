import { randomUUID } from 'node:crypto';
import type { ServiceCaller } from '@ackline/handlers/thread/protocol';

/** A job that asks services; `end` is its end, however it came to it. */
export interface TestCaller extends ServiceCaller {
  end(): void;
}

export function callerOf(overrides: Partial<ServiceCaller> = {}): TestCaller {
  const ending = new AbortController();
  return {
    destination: 'bot',
    delivery: randomUUID(),
    eventId: randomUUID(),
    signal: ending.signal,
    ...overrides,
    end: () => ending.abort(),
  };
}
