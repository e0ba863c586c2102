import type { Component } from '@ackline/runtime/component';
import type { Logger } from '@ackline/runtime/logger';
import { DESTINATIONS_CHANNEL } from '@ackline/store/destination-states';
import { createNotices } from '@ackline/store/notices';
import type { DestinationNews } from './destination-news.ts';
import { createWakeup } from './wakeup.ts';

/** Nobody waits for it: it ends with the signal, and the heartbeat reads as well. */
const FOREVER_MS = 60 * 60_000;

export interface DestinationNoticesDeps {
  readonly connectionString: string;
  readonly applicationName: string;
  readonly news: DestinationNews;
  /** Something was learned: work may go that was held. */
  readonly onLearned: () => void;
  readonly log: Logger;
}

/** Learns at once what others do to destinations; without a connection the heartbeat brings it within seconds. */
export function createDestinationNotices(deps: DestinationNoticesDeps): Component {
  const wakeup = createWakeup();
  const notices = createNotices({
    connectionString: deps.connectionString,
    applicationName: deps.applicationName,
    channels: [DESTINATIONS_CHANNEL],
    onNotice: () => wakeup.wake(),
    onConnected: () => wakeup.wake(),
    onLost: error => deps.log.warn({ err: error }, 'notices.lost'),
  });

  /** One reading at a time: what is told meanwhile is read by the next. */
  async function readWhenTold(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await wakeup.wait(FOREVER_MS, signal);
      if (signal.aborted) return;
      await deps.news.read().then(deps.onLearned, (error: unknown) => {
        deps.log.warn({ err: error }, 'destinations.unread');
      });
    }
  }

  return {
    name: 'destination-notices',
    async run(signal) {
      await Promise.all([notices.run(signal), readWhenTold(signal)]);
    },
  };
}
