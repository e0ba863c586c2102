import { DeliveryActions } from '../../components/delivery-actions.tsx';
import { elapsedText } from '../../components/duration.ts';
import { DeliveryBadge } from '../../components/state-badge.tsx';
import { Time } from '../../components/time.tsx';
import { useScope } from '../../components/use-scope.ts';
import { visibleText } from '../../components/visible-text.ts';
import { EditedReplay } from './edited-replay.tsx';
import type { DeliveryDetails, EventDetails } from './event-query.ts';

const NONE = {
  unmatched: 'No route takes this event: it is kept, and goes nowhere.',
  unrouted: 'It is not routed yet: its source is not known to the processor. It goes on once it is.',
  routed: 'None is kept.',
} as const;

export function Deliveries({ event: { id, deliveries, routing } }: { readonly event: EventDetails }) {
  const mayOperate = useScope('operate');
  return (
    <>
      <h2>Deliveries</h2>
      {deliveries.length === 0 && <p className="faint">{NONE[routing]}</p>}
      {deliveries.length > 0 && !mayOperate && (
        <p className="hint">
          To replay or discard takes the scope <code>operate</code>.
        </p>
      )}
      {deliveries.map(delivery => (
        <Delivery key={delivery.id} eventId={id} delivery={delivery} />
      ))}
    </>
  );
}

interface DeliveryProps {
  readonly eventId: string;
  readonly delivery: DeliveryDetails;
}

function Delivery({ eventId, delivery }: DeliveryProps) {
  const { id, destination, state, attempts } = delivery;
  return (
    <section className="delivery-card" aria-label={destination}>
      <div className="delivery-head">
        <h3>{destination}</h3>
        <DeliveryBadge state={state} />
        <span className="faint">{factsOf(delivery)}</span>
        <DeliveryActions id={id} destination={destination} state={state} />
        <EditedReplay eventId={eventId} delivery={delivery} />
      </div>
      {delivery.parkReason !== null && <p>Parked: {visibleText(delivery.parkReason)}.</p>}
      {delivery.blocks && state === 'parked' && <p>Later deliveries of its key wait for it.</p>}
      {attempts.length > 0 && <Attempts attempts={attempts} />}
    </section>
  );
}

function factsOf({ route, tries, replay, priority, interruptions }: DeliveryDetails): string {
  return [
    `route ${route}`,
    `${tries} ${tries === 1 ? 'try' : 'tries'}`,
    ...(priority === 'high' ? ['high priority'] : []),
    ...(replay ? ['replayed'] : []),
    ...(interruptions > 0 ? [`interrupted ${interruptions} ×`] : []),
  ].join(' · ');
}

function Attempts({ attempts }: Pick<DeliveryDetails, 'attempts'>) {
  return (
    <table className="attempts">
      <thead>
        <tr>
          <th scope="col">Attempt</th>
          <th scope="col">Outcome</th>
          <th scope="col">Answer</th>
          <th scope="col">Took</th>
        </tr>
      </thead>
      <tbody>
        {attempts.map((attempt, at) => (
          <tr key={at}>
            <td>
              <Time at={attempt.at} />
            </td>
            <td>
              {attempt.outcome}
              {attempt.times !== null && attempt.times > 1 && ` (${attempt.times} ×)`}
            </td>
            <td>
              {attempt.status ?? (attempt.error === null ? '–' : visibleText(attempt.error))}
              {attempt.excerpt !== null && attempt.excerpt !== '' && <q>{visibleText(attempt.excerpt)}</q>}
            </td>
            <td>{attempt.ms === null ? 'not known' : elapsedText(attempt.ms)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
