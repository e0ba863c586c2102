/** A request of a provider, as it would send it. */
export interface BotMessage {
  /** What `idOf` makes of its event's dedup key. */
  readonly id: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What a chat sends, in order: the next one after the one before was accepted, whether or not that was answered. */
export interface Conversation {
  /** The chat, number or contact. */
  readonly key: string;
  readonly messages: readonly BotMessage[];
}

/** What became of a message that was accepted. */
export interface HandledMessage {
  readonly key: string;
  /** Its place in its conversation, from 0. */
  readonly index: number;
  /** Rows that have its id: one, where all is right. */
  readonly stored: number;
  /** Of its delivery; null: there is none. */
  readonly state: string | null;
  /** Lines `once.uncertain` of its event. */
  readonly uncertain: number;
}

export interface Check {
  readonly name: string;
  readonly holds: boolean;
  readonly figure: string;
}

/** What the course of a run hands to a scenario in the end. */
export interface BotCourse {
  readonly messages: readonly HandledMessage[];
  /** `kill -9` of the processor. */
  readonly kills: number;
  /** Lookups of `ctx.cache`, as metrics had them; those of a killed processor up to a moment before. */
  readonly cache: { readonly hits: number; readonly misses: number };
  /** Events that a processor stored without knowing that all before them were. */
  readonly orderUncertain: number;
}

/** What a provider sends because of what a bot did, as statuses of its messages. */
export interface FollowUps {
  /** From now on they are sent, to there. No bot does anything before. */
  begin(baseUrl: string): void;
  /** Accepted so far; null while some are not yet. */
  accepted(): number | null;
}

export interface OpenedScenario extends AsyncDisposable {
  /** ackline.yaml: that of the example, with the fakes' addresses. */
  readonly configText: string;
  /** Its secrets. */
  readonly env: Readonly<Record<string, string>>;
  /** Conversations a second, as the provider's own limits allow them. */
  readonly rate: number;
  conversation(number: number): Conversation;
  idOf(dedupKey: string): string;
  /** Their events are not among the messages of the course. */
  readonly followUps?: FollowUps;
  /** All that the scenario itself promises. */
  judge(course: BotCourse): readonly Check[] | Promise<readonly Check[]>;
}

/** One of the examples, with what it talks to. */
export interface BotScenario {
  readonly name: string;
  /** `databaseUrl`: migrated, and the run's own. */
  open(databaseUrl: string): Promise<OpenedScenario>;
}
