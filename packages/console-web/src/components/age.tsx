import { durationText } from './duration.ts';

/** How long ago it was, as of when it is drawn. The time itself is its title. */
export function Age({ at }: { readonly at: string }) {
  const ms = Date.now() - new Date(at).getTime();
  return (
    <time dateTime={at} title={at} className="time">
      {ms < 1_000 ? 'just now' : `${durationText(ms)} ago`}
    </time>
  );
}
