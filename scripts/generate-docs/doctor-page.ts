import type { FindingRow } from '../../packages/cli/src/doctor/finding-row.ts';
import { findingParts } from '../../packages/cli/src/doctor/finding-rows.ts';

/** docs/doctor.md, from the table of findings. */
export function doctorPage(): string {
  const tables = Object.entries(findingParts).map(
    ([part, rows]) => `### ${part}\n\n${table(Object.entries<FindingRow>(rows))}`,
  );
  return `<!-- Generated from packages/cli/src/doctor by \`npm run docs\`. -->

${TEXT}
${tables.join('\n')}`;
}

function table(rows: readonly (readonly [string, FindingRow])[]): string {
  const lines = rows.map(([id, { impact, why, fix }]) => `| \`${id}\` | ${impact} | ${why} | ${fix} |`);
  return ['| id | impact | what it costs | what to do |', '|---|---|---|---|', ...lines, ''].join('\n');
}

const TEXT = `# ackline doctor

\`npx ackline doctor\` looks for what is weak, wrong or late, and says what to do: ackline.yaml and its secrets, the environment, PostgreSQL and
Kafka, the work in them, the services, Telegram's side of the webhook, and the sources of handlers. It changes nothing, takes one
connection, and each question has a time limit: what is away is a finding, and hides no other.

\`\`\`
$ ACKLINE_ENV=production npx ackline doctor
ackline.yaml for production: 1 high, 1 low.

HIGH    telegram-webhook-elsewhere
  source telegram: Telegram calls https://old.example.com/…, and not https://hooks.example.com/webhook/telegram
  Why: Telegram sends to another URL than the one of this source.
  Fix: Run \`ackline doctor telegram --set-webhook\`, or correct publicUrl and path.

LOW     source-without-limit
  ackline.yaml:12:13  source telegram: it takes as much as comes
  …

Not looked at:
  Kafka: KAFKA_BROKERS is not set: PostgreSQL takes every event
\`\`\`

It goes by the mode of the environment it runs in: what only production needs is asked for with \`ACKLINE_ENV=production\`, and with the variables of the
services. What is in neither a file nor a variable here (the brokers, another machine's operations port) is listed as not looked at.

| option | |
|---|---|
| \`--fail-on high\`, \`medium\`, \`low\` | the exit status is 2 where something of this impact, or a higher one, was found; default \`high\` |
| \`--ignore <id>\` | what is meant so; once for each id. The number of what was left out is shown |
| \`--json\` | one document: \`ok\`, \`counts\`, \`findings\` with \`id\`, \`impact\`, \`file\`, \`line\`, \`column\`, \`subject\`, \`what\`, \`why\` and \`fix\`, \`accepted\`, \`notLookedAt\` |
| \`--ops <url>\` | an operations port, once for each service, as [\`ackline top\`](commands.md#ackline-top) has it: refused webhooks, slow answers, lost events since their start |
| \`--probe\` | asks \`publicUrl\` from this machine: its name, its certificate and how long that lasts, and whether an ingress answers |
| \`--bot-token-env <name>\`, \`--api-url <base>\` | Telegram, [below](#telegram) |

The exit status is 0 where nothing of that impact was found, 2 where something was, and 1 where nothing could be looked at (a variable or an option that is
no good). In CI, before a deployment:

\`\`\`sh
ACKLINE_ENV=production npx ackline doctor --fail-on medium --ignore destination-unsigned
npx ackline doctor source handlers/
\`\`\`

**When to run it.** Before the first day in production, and after each change of ackline.yaml. Each week: \`ackline doctor --probe\`, for what is parked, paused,
late or about to end. After an alert: the finding says where to look, [runbook.md](runbook.md) goes on from there. Rising memory of a handler:
\`ackline doctor source\` for caches without a bound. Slow answers: \`answer-slow\`, \`log-degraded\`, \`delivery-late\`. Connection errors: \`connections-over\`,
\`connections-few\`, \`telegram-connections\`. respond.io about to disable a webhook: \`webhook-at-risk\`.

## Telegram

With the bot's token in TELEGRAM_BOT_TOKEN (\`--bot-token-env\` names another variable; the token itself is never an argument, nor shown) Telegram is asked for
its side: the URL that it calls, how many updates wait, its last error, \`max_connections\` against what the ingress takes, and kinds of updates that routes
wait for and Telegram leaves out. Of several bots each is asked by itself: \`ackline doctor telegram <source> --bot-token-env <name>\`.

\`\`\`
$ npx ackline doctor telegram --set-webhook
Telegram will call https://hooks.example.com/webhook/telegram with the secret token of env WEBHOOK_SECRET_TOKEN, over 100 connections at most. Now no webhook is set, and 12 updates wait.
Set it? [y/N] y
source telegram, called at https://hooks.example.com/webhook/telegram over 100 connections, 12 updates waiting: nothing found.
\`\`\`

It sets the URL, the first secret of the source as \`secret_token\`, and \`max_connections\`: as many as WEBHOOK_MAX_CONNECTIONS and INGRESS_PROCESSES have room for, 100 at
most, or \`--max-connections\`. Where every route of the source names its \`type\`, \`allowed_updates\` are these; else they stay as they are. Updates that wait are kept.
\`--yes\` sets it without asking. A Bot API server of one's own is named with \`--api-url\`.

## Sources of handlers

\`ackline doctor source <path…>\` reads TypeScript and JavaScript with a parser and runs none of it: a file together with all that it imports by a relative path, or all
sources of a folder. The whole examination looks at the modules that ackline.yaml names as handlers. Left out are \`node_modules\`, tests, hidden and built folders, files over 1 MiB, and what is
beyond 2,000 files or 8 MiB.

What is a fault where it runs for each event is none where it runs once, at the start. So calls are followed first, over all files that are read: the top of a file, and what only that calls, runs once; a
function that is handed to something (\`defineHandler\`, \`bot.on\`, \`app.post\`, a timer) runs for each event, with all that it calls. An exported function that nobody in these files calls counts as run for each event,
unless its name is one of the start or the end (\`main\`, \`startServer\`, \`createPool\`, \`close\`), or it makes functions.

| id | finds |
|---|---|
| \`source-blocking-call\` | \`execSync\`, \`spawnSync\`, \`pbkdf2Sync\`, \`scryptSync\`, \`bcrypt.compareSync\`, \`Atomics.wait\`; loops that never end or wait for the clock without an \`await\` |
| \`source-blocking-io\` | \`readFileSync\` and the others of \`fs\`, \`gzipSync\` and the others of \`zlib\` |
| \`source-client-per-call\` | \`new Pool()\`, \`new Redis()\`, \`axios.create()\`, \`new Telegraf()\` and some fifty more, made anew instead of once. What is kept (\`pool ??= new Pool()\`, a Map by tenant) is none |
| \`source-missing-await\` | a promise that is dropped: of a function that is \`async\` in these files, of \`ctx\`, of well-known libraries; \`forEach(async …)\`; \`if (isAdmin(id))\` where that is async |
| \`source-unbounded-cache\` | a Map, a Set, a list or an object that lives as long as the process and grows with events, where nothing in these files takes out of it, empties it or looks at its size |

It knows no types, so that it is silent where it is not sure: an object that came as an argument may be anything. What is meant so is accepted with its id and a reason, on the line or
above it, and counted in the report:

\`\`\`ts
const names = new Map<string, string>(); // ackline-accept source-unbounded-cache: as many as there are shops
\`\`\`

## All findings

An id is API: it is never reused for something else.
`;
