import type { CompiledFilter } from '@ackline/shared/routing/filter';
import type { ListedEvent } from '@ackline/store/event-list';
import type { EventPlace } from '@ackline/store/event-places';
import type { EventSearch } from '@ackline/store/event-search';

/** Who follows the live stream (LF of event-feed.ts). */
export interface FeedClient {
  readonly search: EventSearch;
  readonly where: CompiledFilter | null;
  /** The place of the last event that it has, or began behind. */
  at: EventPlace;
  /** False: it does not read, and is to be ended (LF3). */
  send(event: ListedEvent): boolean;
  /** Events come, or do not come for now (LF4). */
  live(isLive: boolean): void;
  end(): void;
}
