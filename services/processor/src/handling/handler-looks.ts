import { setTimeout as delay } from 'node:timers/promises';
import type { Component } from '@ackline/runtime/component';
import type { Destination } from '../delivery/destination.ts';

/** A secret in a file is read again within a second after it changed; so that it takes a look more to reach a handler. */
const LOOK_EVERY_MS = 2_000;
/** A change of a source is taken once two looks in a row saw the same: half a second after it was saved. */
const LOOK_AT_FILES_EVERY_MS = 250;

export interface HandlerLooksDeps {
  readonly destinations: ReadonlyMap<string, Destination>;
  /** Sources too: whoever develops a handler need not ask for its new threads. */
  readonly files: boolean;
}

/** Notices what threads of handlers were not started with: a secret in a file, and in development their sources. */
export function createHandlerLooks({ destinations, files }: HandlerLooksDeps): Component {
  async function look(): Promise<void> {
    await Promise.all(
      destinations.values().map(async ({ isConfigured, config, sender }) => {
        if (isConfigured && config.type === 'handler')
          await sender.handler?.look(config, files ? 'settled' : 'none');
      }),
    );
  }
  return {
    name: 'handler-looks',
    async run(signal) {
      while (!signal.aborted) {
        await delay(files ? LOOK_AT_FILES_EVERY_MS : LOOK_EVERY_MS, undefined, { signal }).catch(
          () => undefined,
        );
        if (!signal.aborted) await look();
      }
    },
  };
}
