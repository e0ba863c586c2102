import type { FindingRow } from '../finding-row.ts';

/** Of what Telegram says about its webhook. */
export const telegramRows = {
  'telegram-refuses': {
    impact: 'high',
    why: 'The Bot API does not know the token: nothing can be asked, set or answered.',
    fix: 'Compare the variable with what @BotFather shows for the bot.',
  },
  'telegram-unreachable': {
    impact: 'medium',
    why: 'What Telegram thinks of the webhook can not be asked.',
    fix: 'Let this machine reach the Bot API, or name yours with --api-url.',
  },
  'telegram-webhook-missing': {
    impact: 'high',
    why: 'Telegram sends nothing: it keeps updates for a day.',
    fix: 'Run `ackline doctor telegram --set-webhook`.',
  },
  'telegram-webhook-elsewhere': {
    impact: 'high',
    why: 'Telegram sends to another URL than the one of this source.',
    fix: 'Run `ackline doctor telegram --set-webhook`, or correct publicUrl and path.',
  },
  'telegram-failing': {
    impact: 'high',
    why: 'Telegram could not deliver within the last hour; the chat of a failed update waits, and updates are dropped after a day.',
    fix: 'By the message: 401 is another secret_token (set the webhook again), 404 another path, a time-out or refused connection the way here, SSL the certificate.',
  },
  'telegram-failed': {
    impact: 'low',
    why: 'Telegram could not deliver some time within the last day.',
    fix: 'Look at the log of the ingress at that time.',
  },
  'telegram-waiting': {
    impact: 'medium',
    why: 'Updates wait at Telegram: it is slowed down by answers, or by max_connections.',
    fix: 'Look at the last error, at limits that reject, and at max_connections.',
  },
  'telegram-connections': {
    impact: 'medium',
    why: 'Telegram may open more connections than the ingress takes: those above are closed unread, and count as failures.',
    fix: 'Raise WEBHOOK_MAX_CONNECTIONS, or run `ackline doctor telegram --set-webhook`, which matches the two.',
  },
  'telegram-updates-left-out': {
    impact: 'medium',
    why: 'A route waits for a kind of update that Telegram does not send.',
    fix: 'Set the webhook with allowed_updates that have it: `--set-webhook` does so where every route of the source names its type.',
  },
} as const satisfies Record<string, FindingRow>;
