import './state-badge.css';

/** good: done. busy: under way. wait: it will go on by itself. bad: a person is needed. idle: nothing is to come. */
export type Tone = 'good' | 'busy' | 'wait' | 'bad' | 'idle';

/** Says a state in words; the colour says it again. */
export function StateBadge({
  tone,
  text,
  title,
}: {
  readonly tone: Tone;
  readonly text: string;
  readonly title?: string;
}) {
  return (
    <span className={`badge badge-${tone}`} title={title}>
      {text}
    </span>
  );
}

const TONES: Readonly<Record<string, Tone>> = {
  delivered: 'good',
  leased: 'busy',
  due: 'wait',
  waiting: 'wait',
  parked: 'bad',
  discarded: 'idle',
};

/** Of a delivery. `leased` is a word of the inside: an attempt is under way. */
export function DeliveryBadge({ state }: { readonly state: string }) {
  return <StateBadge tone={TONES[state] ?? 'idle'} text={state === 'leased' ? 'sending' : state} />;
}
