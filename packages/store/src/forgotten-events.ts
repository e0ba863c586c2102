import type { Pool } from 'pg';

/** Where an event is. */
export interface ForgottenEvent {
  readonly storedDay: string;
  readonly seq: string;
}

/**
 * Removes events that nothing needs: no delivery of theirs is open, parked or kept. Called when one of them has gone, at any time
 * after its transaction, as often as it takes: of two that go at the same time the later one finds none. Who is killed in between
 * leaves the event to retention. Waits for no event: a locked one is being removed by somebody else.
 */
export async function forgetEvents(
  queryable: Pick<Pool, 'query'>,
  events: readonly ForgottenEvent[],
): Promise<void> {
  for (const [storedDay, ofDay] of Map.groupBy(events, event => event.storedDay)) {
    await queryable.query(
      `with unneeded as (
         select e.seq from events e
          where e.stored_day = $1::date and e.seq = any($2::bigint[])
            and (select true from deliveries d where d.event_id = e.id limit 1) is null
            and (select true from finished_deliveries f where f.stored_day = $1::date and f.event_id = e.id limit 1) is null
          order by e.seq for update skip locked
       )
       delete from events where stored_day = $1::date and seq = any(array(select seq from unneeded))`,
      [storedDay, ofDay.map(({ seq }) => seq)],
    );
  }
}
