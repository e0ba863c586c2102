/** An answer that costs a round trip, kept for a while. */
export interface KeptAnswer<T> {
  /** Rejects with what asking rejects with; the next call asks again. */
  get(): Promise<T>;
  /** The next call asks. An answer that is on its way is not kept: it may be older than the reason to forget. */
  forget(): void;
  /**
   * Another answer than `stale`, which `get` resolved with: one that has come since, that is on its way, or that is asked for now.
   * Others go on with `stale` until it is here. An answer younger than `minAgeMs` is not asked for again: then `stale` itself.
   */
  renew(stale: T, minAgeMs: number): Promise<T>;
}

export interface KeptAnswerOptions<T> {
  ask(): Promise<T>;
  /** No older than this is anything that `get` resolves with. */
  readonly maxAgeMs: number;
  /** From here on it is asked for again beside what goes on with the old answer, so that nobody waits under load. */
  readonly refreshAgeMs: number;
  /** Milliseconds, any origin. */
  readonly now?: () => number;
}

export function createKeptAnswer<T>(options: KeptAnswerOptions<T>): KeptAnswer<T> {
  return new Answer(options);
}

interface Kept<T> {
  readonly answer: Promise<T>;
  readonly askedAt: number;
  /** What is on its way to take its place. */
  next: Promise<T> | null;
}

class Answer<T> implements KeptAnswer<T> {
  readonly #options: KeptAnswerOptions<T>;
  readonly #now: () => number;
  #kept: Kept<T> | null = null;

  constructor(options: KeptAnswerOptions<T>) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  get(): Promise<T> {
    const kept = this.#kept;
    const ageMs = this.#now() - (kept?.askedAt ?? 0);
    if (kept === null || ageMs >= this.#options.maxAgeMs) return this.#ask();
    if (ageMs >= this.#options.refreshAgeMs) void this.#refresh(kept).catch(() => undefined);
    return kept.answer;
  }

  async renew(stale: T, minAgeMs: number): Promise<T> {
    const kept = this.#kept;
    if (kept === null) return this.#ask();
    const answer = await kept.answer;
    if (answer !== stale || this.#now() - kept.askedAt < minAgeMs) return answer;
    return this.#refresh(kept);
  }

  forget(): void {
    this.#kept = null;
  }

  #ask(): Promise<T> {
    const asked = this.#question();
    this.#kept = asked;
    asked.answer.catch(() => this.#replace(asked, null));
    return asked.answer;
  }

  #refresh(old: Kept<T>): Promise<T> {
    if (old.next !== null) return old.next;
    const asked = this.#question();
    old.next = asked.answer;
    asked.answer.then(
      () => this.#replace(old, asked),
      () => this.#replace(old, null),
    );
    return asked.answer;
  }

  #question(): Kept<T> {
    return { answer: this.#options.ask(), askedAt: this.#now(), next: null };
  }

  #replace(old: Kept<T>, next: Kept<T> | null): void {
    if (this.#kept === old) this.#kept = next;
  }
}
