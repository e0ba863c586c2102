/** Says at most so many lines in a window of time, and then how many it kept back. */
export interface LineLimiter {
  line(text: string): void;
  /** Says what was kept back, at the end. */
  flush(): void;
}

export interface LineLimits {
  readonly lines: number;
  readonly windowMs: number;
  /** "and 12 more …": what is said of the lines that were kept back. */
  more(count: number): string;
}

export function createLineLimiter(say: (text: string) => void, limits: LineLimits): LineLimiter {
  let windowTimer: NodeJS.Timeout | null = null;
  let said = 0;
  let kept = 0;

  const endWindow = () => {
    if (windowTimer !== null) clearTimeout(windowTimer);
    windowTimer = null;
    said = 0;
    if (kept > 0) say(limits.more(kept));
    kept = 0;
  };
  return {
    line(text) {
      windowTimer ??= setTimeout(endWindow, limits.windowMs);
      if (said < limits.lines) {
        said += 1;
        say(text);
      } else {
        kept += 1;
      }
    },
    flush: endWindow,
  };
}
