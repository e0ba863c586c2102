/** An answer that costs a round trip, kept for a while. */
export interface KeptAnswer<T> {
  /** Rejects with what asking rejects with; the next call asks again. */
  get(): Promise<T>;
  /**
   * `get` resolved with `wrong`, and it did not hold: another one, that has come since, is on its way, or is asked for now; never one
   * that is older than what is kept by then. One younger than `minAgeMs` is not asked for again: then `wrong` itself.
   */
  renew(wrong: T, minAgeMs: number): Promise<T>;
}

export interface KeptAnswerOptions<T> {
  ask(): Promise<T>;
  /** No older than this is anything that `get` resolves with. */
  readonly maxAgeMs: number;
  /** From here on it is asked for again beside what goes on with the old answer, so that nobody waits under load. */
  readonly refreshAgeMs: number;
  /** What `get` does until the answer to a `renew` is here: goes on with the wrong one, which may hold for others, or waits. */
  readonly whileRenewed: 'goes-on' | 'waits';
  /** Milliseconds, any origin. */
  readonly now?: () => number;
}

export function createKeptAnswer<T>(options: KeptAnswerOptions<T>): KeptAnswer<T> {
  return new Answer(options);
}

interface Asked<T> {
  readonly answer: Promise<T>;
  readonly askedAt: number;
  /** What it resolved with; null: nothing yet. */
  given: { readonly answer: T } | null;
  /** What is on its way to take its place. */
  next: Asked<T> | null;
  /** Whether it did not hold for somebody: then it goes also where no other comes in its place. */
  isWrong: boolean;
}

class Answer<T> implements KeptAnswer<T> {
  readonly #options: KeptAnswerOptions<T>;
  readonly #now: () => number;
  #kept: Asked<T> | null = null;

  constructor(options: KeptAnswerOptions<T>) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  get(): Promise<T> {
    const kept = this.#kept;
    const ageMs = this.#now() - (kept?.askedAt ?? 0);
    if (kept === null || ageMs >= this.#options.maxAgeMs) return this.#ask().answer;
    if (ageMs >= this.#options.refreshAgeMs) this.#refresh(kept);
    return kept.answer;
  }

  renew(wrong: T, minAgeMs: number): Promise<T> {
    const kept = this.#kept;
    if (kept === null) return this.#newest(this.#ask());
    // Where it has none yet, it was asked for after the wrong one had come.
    const isWrong = kept.given !== null && kept.given.answer === wrong;
    if (!isWrong || this.#now() - kept.askedAt < minAgeMs) return this.#newest(kept);
    kept.isWrong = true;
    return this.#newest(this.#options.whileRenewed === 'waits' ? this.#ask() : this.#refresh(kept));
  }

  /** Its answer, or one that was asked for later and is kept by then. */
  async #newest(asked: Asked<T>): Promise<T> {
    await asked.answer.catch(() => undefined);
    const kept = this.#kept;
    const isNewer = kept !== null && kept.given !== null && kept.askedAt > asked.askedAt;
    return isNewer ? kept.answer : asked.answer;
  }

  #ask(): Asked<T> {
    const asked = this.#question();
    this.#kept = asked;
    asked.answer.catch(() => this.#replace(asked, null));
    return asked;
  }

  /** Where it fails, the old one serves on until it is too old, unless it was found wrong. */
  #refresh(old: Asked<T>): Asked<T> {
    if (old.next !== null) return old.next;
    const asked = this.#question();
    old.next = asked;
    asked.answer.then(
      () => this.#replace(old, asked),
      () => {
        old.next = null;
        if (old.isWrong) this.#replace(old, null);
      },
    );
    return asked;
  }

  #question(): Asked<T> {
    const answer = this.#options.ask();
    const asked: Asked<T> = { answer, askedAt: this.#now(), given: null, next: null, isWrong: false };
    asked.answer.then(
      given => {
        asked.given = { answer: given };
      },
      () => undefined,
    );
    return asked;
  }

  #replace(old: Asked<T>, next: Asked<T> | null): void {
    if (this.#kept === old) this.#kept = next;
  }
}
