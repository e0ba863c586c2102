const CLOCK = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});
const DAY = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric' });
const YEAR = new Intl.DateTimeFormat(undefined, { year: 'numeric', month: 'short', day: 'numeric' });

/** A time where the reader is; with the day where it is not today. The whole of it, in UTC, is its title. */
export function Time({ at }: { readonly at: string }) {
  return (
    <time dateTime={at} title={at} className="time">
      {shortTime(new Date(at), new Date())}
    </time>
  );
}

function shortTime(at: Date, now: Date): string {
  if (Number.isNaN(at.getTime())) return '–';
  const clock = CLOCK.format(at);
  if (at.toDateString() === now.toDateString()) return clock;
  const day = at.getFullYear() === now.getFullYear() ? DAY : YEAR;
  return `${day.format(at)} ${clock}`;
}
