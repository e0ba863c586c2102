import type { Origin } from '../origins.ts';
import { words } from './words.ts';

/** Modules whose functions all give promises, and those of others that do. */
const ALL = words(`
  fs/promises timers/promises stream/promises dns/promises readline/promises node-fetch got ky p-retry delay p-map p-all
`);
const SOME: Readonly<Record<string, readonly string[]>> = {
  fs: ['promises.*'],
  dns: ['promises.*'],
  undici: ['fetch', 'request', 'stream', 'pipeline'],
  axios: ['', 'get', 'post', 'put', 'patch', 'delete', 'head', 'request', 'postForm'],
  mongoose: ['connect', 'disconnect'],
};
const GLOBALS: ReadonlySet<string> = new Set([
  'fetch',
  'Promise.all',
  'Promise.allSettled',
  'Promise.any',
  'Promise.race',
]);

/** Whether a call of what comes from there gives a promise. */
export function givesPromise({ module, names }: Origin): boolean {
  const name = names.join('.');
  if (module === null) return GLOBALS.has(name);
  if (ALL.has(module)) return true;
  const known = SOME[module] ?? [];
  return known.includes(name) || (known.includes(`${names[0]}.*`) && names.length > 1);
}

/** Methods that give promises, by what made their object: `pool.query` after `const pool = new Pool()` of pg. */
const OF_CLIENTS: Readonly<Record<string, RegExp>> = {
  pg: /^(?:query|connect|end)$/,
  postgres: /^(?:begin|end|unsafe|notify)$/,
  'mysql2/promise': /^(?:query|execute|getConnection|beginTransaction|commit|rollback|end)$/,
  ioredis:
    /^(?:[hlsz]?(?:set|get|del|incr|decr|push|pop|add|rem|range|len)|[hmsz]?(?:setex|setnx|mset|mget|incrby|decrby|getall|getset|exists|keys)|lpush|rpush|expire|pexpire|persist|publish|subscribe|xadd|eval|ping|quit|flushall|flushdb|rename)$/,
  redis:
    /^(?:set|get|del|incr|decr|expire|publish|subscribe|setEx|setNX|incrBy|hSet|hGet|hGetAll|hDel|hIncrBy|lPush|rPush|lPop|rPop|sAdd|sRem|zAdd|zRem|xAdd|connect|quit|ping)$/,
  mongodb: /^(?:connect|close)$/,
  undici: /^(?:request|stream|pipeline|close|destroy)$/,
  axios: /^(?:get|post|put|patch|delete|head|request)$/,
  got: /^(?:get|post|put|patch|delete|head)$/,
  ky: /^(?:get|post|put|patch|delete|head)$/,
  nodemailer: /^(?:sendMail|verify)$/,
  bullmq: /^(?:add|addBulk|close|obliterate|drain)$/,
  openai: /^create$/,
  'node-telegram-bot-api':
    /^(?:send|answer|edit|delete|forward|copy|get|set|ban|pin|unpin|stop|start|process)[A-Z]/,
};

export function methodGivesPromise(maker: Origin, method: string): boolean {
  return maker.module !== null && OF_CLIENTS[maker.module]?.test(method) === true;
}

/** Methods that nothing else is called: MongoDB's, Mongoose's and Prisma's. Their queries do not even run without an await. */
const DISTINCT =
  /^(?:insertOne|insertMany|updateOne|updateMany|deleteOne|deleteMany|replaceOne|bulkWrite|findOneAnd(?:Update|Delete|Replace)|findById(?:AndUpdate|AndDelete)?|countDocuments|estimatedDocumentCount|createMany|upsertMany|\$transaction|\$executeRaw|\$queryRaw|\$executeRawUnsafe|sendMail)$/;
/** Bot API methods; they count on `bot`, `telegram`, `api` alone. */
const BOT_API =
  /^(?:send|answer|editMessage|deleteMessage|deleteMessages|forwardMessage|copyMessage|pinChat|unpin|ban|unban|restrict|promote|setMyCommands|setChat|setWebhook|deleteWebhook|leaveChat|approveChat|declineChat|createInvoice|getChat|getFile|getMe|exportChat|setMessageReaction)/;
const BOT_NAMES: ReadonlySet<string> = new Set([
  'api',
  'telegram',
  'bot',
  'tg',
  'telegramBot',
  'tgBot',
  'botApi',
]);
const TWILIO =
  /(?:^|\.)(?:messages|calls|verifications|verificationChecks|conversations|participants)\.create$/;
const PRISMA =
  /(?:^|\.)prisma(?:Client)?\.(?:\w+\.)?(?:create|update|upsert|delete|deleteMany|updateMany|findMany|findUnique|findFirst|count|aggregate)$/;

/** `chain`: the names of `this.bot.api.sendMessage`, without `this`. */
export function chainGivesPromise(chain: readonly string[]): boolean {
  const method = chain.at(-1) ?? '';
  if (chain.length > 1 && DISTINCT.test(method)) return true;
  if (BOT_NAMES.has(chain.at(-2) ?? '') && BOT_API.test(method)) return true;
  const text = chain.join('.');
  return TWILIO.test(text) || PRISMA.test(text);
}

/** Of the context that a handler is given: Ackline's, grammY's and Telegraf's. */
const OF_CONTEXT =
  /^(?:reply\w*|answer\w*|edit(?:Message|Forum|General)\w*|delete(?:Message|Messages|Webhook)|send(?:Message|Photo|Document|Chat|Invoice|Dice|Poll|Media|Video|Voice|Audio|Sticker|Location|Contact)\w*|forwardMessages?|copyMessages?|pinChatMessage|unpin\w+|ban\w+|unban\w+|restrict\w+|leaveChat|react|once|monitored|api\.\w+|telegram\.\w+|pg\.query|cache\.(?:get|set|delete|clear|wrap|getOrSet)|http\.(?:get|post|put|patch|delete|head|request|json)|clients\.[\w.]+|scene\.(?:enter|leave|reenter)|conversation\.(?:enter|exit|exitAll))$/;

export function contextGivesPromise(chain: readonly string[]): boolean {
  return OF_CONTEXT.test(chain.slice(1).join('.'));
}
