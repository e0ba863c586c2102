/** An answer that costs a round trip, kept for a while. */
export interface KeptAnswer<T> {
  /** Rejects with what asking rejects with; the next call asks again. */
  get(): Promise<T>;
  /** The next call asks. An answer that is on its way is not kept: it may be older than the reason to forget. */
  forget(): void;
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
  refreshing: boolean;
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
    if (ageMs >= this.#options.refreshAgeMs && !kept.refreshing) void this.#refresh(kept);
    return kept.answer;
  }

  forget(): void {
    this.#kept = null;
  }

  #ask(): Promise<T> {
    const asked: Kept<T> = { answer: this.#options.ask(), askedAt: this.#now(), refreshing: false };
    this.#kept = asked;
    asked.answer.catch(() => this.#replace(asked, null));
    return asked.answer;
  }

  async #refresh(old: Kept<T>): Promise<void> {
    old.refreshing = true;
    const asked: Kept<T> = { answer: this.#options.ask(), askedAt: this.#now(), refreshing: false };
    const answered = await asked.answer.then(
      () => true,
      () => false,
    );
    this.#replace(old, answered ? asked : null);
  }

  #replace(old: Kept<T>, next: Kept<T> | null): void {
    if (this.#kept === old) this.#kept = next;
  }
}
