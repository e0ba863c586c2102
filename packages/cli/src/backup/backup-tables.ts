interface BackupTablePolicy {
  readonly name: string;
  /** Services write rows into it by merely starting: a database that has those counts as empty. */
  readonly filledAtStart?: 'where next_offset is null';
}

/** Every table whose rows are kept. A partitioned table stands for its partitions. */
export const BACKUP_TABLES: readonly BackupTablePolicy[] = [
  { name: 'inbox' },
  { name: 'lanes', filledAtStart: 'where next_offset is null' },
  { name: 'event_keys' },
  { name: 'events' },
  { name: 'kept_events' },
  { name: 'unrouted_events' },
  { name: 'deliveries' },
  { name: 'finished_deliveries' },
  { name: 'quarantine' },
  { name: 'paused_destinations' },
  { name: 'audit' },
  { name: 'replays' },
  { name: 'replay_items' },
  { name: 'replay_ends' },
  { name: 'delivery_edits' },
  { name: 'handler_once' },
  { name: 'cache_clears' },
  { name: 'console_tokens' },
];

/** The other tables, each with the reason; a test compares both lists with the schema, so that no new table is forgotten. */
export const LEFT_OUT_TABLES: Readonly<Record<string, string>> = {
  hidden_keys_secret:
    'By what keys are hidden; each database has its own, and what was noted of another one fits no more.',
  console_sessions: 'Who is signed in with a browser; whoever was signs in again.',
  rejected_requests: 'Why requests were refused; no event, and of use for days.',
  schema_migrations: 'The version is in the header; a restore goes into a migrated database.',
  processors: 'What running processes say about themselves; true for seconds.',
  secret_uses:
    'What ingresses note of secrets: without it none is called safe to remove before they have noted a day.',
  secret_watchers: 'Which ingresses note that; true for seconds.',
  published_certificates: 'What providers show at URLs; fetched again when a request needs it.',
  source_totals: 'Figures of 30 days for the overview of the console, which are about right; no event.',
  delivery_totals: 'The same, of deliveries.',
  destination_states:
    'How destinations are now; true for minutes, and found out again by their first failures.',
};
