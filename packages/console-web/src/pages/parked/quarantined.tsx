import type { QuarantinedRecords } from '../../api/parked.ts';
import { CommandLine } from '../../components/command-line.tsx';
import { countText } from '../../components/count-text.ts';
import { Time } from '../../components/time.tsx';
import { visibleText } from '../../components/visible-text.ts';

/** What was accepted and is no event yet: no list of events or deliveries has it. */
export function Quarantined({ total, hasMore, items }: QuarantinedRecords) {
  if (total === 0) return null;
  const records = `${countText({ count: total, hasMore })} ${total === 1 && !hasMore ? 'record' : 'records'}`;
  return (
    <section className="quarantined" aria-labelledby="quarantined">
      <h2 id="quarantined">{records} could not be stored</h2>
      <p>
        Their senders were answered 200, their bytes are kept, and they are no events yet. Mend what refused
        them, then put them back:
      </p>
      <CommandLine command="npx ackline replay quarantined --all" />
      <ul>
        {items.map(({ id, quarantinedAt, origin, reason }) => (
          <li key={id}>
            <Time at={quarantinedAt} /> {visibleText(reason)} <code>{visibleText(origin)}</code>
          </li>
        ))}
      </ul>
    </section>
  );
}
