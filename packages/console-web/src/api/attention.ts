/** So long what the page asks for is taken for the person's who touched it last: they may be reading what comes. */
const ATTENDED_MS = 60_000;
/** What takes a person; a click is also what a screen reader makes. Scrolling is not: the page does that by itself, too. */
const TOUCHES = ['pointerdown', 'keydown', 'wheel', 'click'] as const;

/** Who opens a page is there. */
let touchedAt = Date.now();

export function watchAttention(): void {
  const note = () => (touchedAt = Date.now());
  for (const name of TOUCHES) addEventListener(name, note, { capture: true, passive: true });
}

/** Whether somebody is at the page, and not in front of another one or gone. */
export const isAttended = (): boolean => Date.now() - touchedAt < ATTENDED_MS;
