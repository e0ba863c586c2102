import { defineHandler } from '@ackline/handlers/define-handler';
import type { HandlerContext } from '@ackline/handlers/handler-context';
import { giveUp, HandlerError } from '@ackline/handlers/handler-error';
import { mediaOf, twilio, type TwilioMedia, type TwilioPayload } from '@ackline/handlers/twilio';
import { createTables, storedPositions, storeIncoming, storeMedia, storeOutgoing } from './message-store.ts';
import { rankOf } from './statuses.ts';

interface Settings {
  /** The handler makes the tables itself. */
  readonly createTables?: boolean;
  /** Of each file; what is larger, or of another type, is not taken. */
  readonly media: { readonly maxBytes: number; readonly types: readonly string[] };
  /** What each message is answered with. Not there: nothing is answered. */
  readonly reply?: string;
  /** Where Twilio tells what became of an answer. */
  readonly statusCallback?: string;
}

/** Keeps messages with their files, answers each once, and follows what becomes of the answers. */
export const whatsappIntake = defineHandler({
  name: 'whatsapp-intake',
  source: twilio,
  async handle({ type, payload }, ctx) {
    const settings = ctx.settings as unknown as Settings;
    if (settings.createTables === true) await createTables(ctx.pg);
    if (type !== 'message.received') return takeStatus(payload, ctx);
    const { MessageSid: sid, From: customer, To: business, Body: body = '' } = payload;
    if (sid === undefined || customer === undefined || business === undefined)
      throw giveUp('a message without MessageSid, From or To');
    // PostgreSQL's text has no NUL.
    await storeIncoming(ctx.pg, { sid, customer, business, body: body.replaceAll('\0', '') });
    await takeMedia(sid, mediaOf(payload), settings.media, ctx);
    if (settings.reply !== undefined) await answer({ sid, customer, business }, settings.reply, ctx);
  },
});

/** A status of a message that is not known yet is kept, and the message finds it there. */
async function takeStatus(payload: TwilioPayload, { pg }: HandlerContext): Promise<void> {
  const { MessageSid: sid, To: customer, From: business, ErrorCode } = payload;
  const status = payload.MessageStatus ?? payload['SmsStatus'];
  if (sid === undefined || status === undefined) throw giveUp('a status without MessageSid or MessageStatus');
  const statusRank = rankOf(status);
  if (statusRank === null) throw giveUp('a status that handlers/statuses.ts does not have');
  await storeOutgoing(pg, {
    sid,
    customer: customer ?? null,
    business: business ?? null,
    body: null,
    answers: null,
    status,
    statusRank,
    errorCode: ErrorCode ?? null,
  });
}

/** One file after the other, so that a message has one of them in memory. What an earlier try has stored is left alone. */
async function takeMedia(
  messageSid: string,
  media: readonly TwilioMedia[],
  limits: Settings['media'],
  ctx: HandlerContext,
): Promise<void> {
  if (media.length === 0) return;
  const stored = await storedPositions(ctx.pg, messageSid);
  for (const [position, { url, contentType }] of media.entries()) {
    if (stored.has(position)) continue;
    const file = await download(url, limits, ctx);
    await storeMedia(ctx.pg, { messageSid, position, contentType, bytes: null, refused: null, ...file });
  }
}

/** What no other try would change is kept as a fact, so that it holds up neither the message nor its answer. */
async function download(url: string, { maxBytes, types }: Settings['media'], ctx: HandlerContext) {
  try {
    const { contentType, body } = await ctx.clients.twilio.download(url, { maxBytes, types });
    return { contentType, bytes: body };
  } catch (error) {
    if (!(error instanceof HandlerError) || error.kind !== 'given-up') throw error;
    ctx.log.warn('file not taken', { why: error.message });
    return { refused: error.message };
  }
}

interface Answered {
  readonly sid: string;
  readonly customer: string;
  readonly business: string;
}

/**
 * Sent once, whatever happens: the key is the message's, not the event's, and what Twilio said is kept with it, so that a later try
 * stores the answer that an earlier one sent. Where it is not known whether it was sent, it is not sent again; its statuses tell.
 */
async function answer(
  { sid, customer, business }: Answered,
  body: string,
  ctx: HandlerContext,
): Promise<void> {
  const { statusCallback } = ctx.settings as unknown as Settings;
  const sent = await ctx.once(`reply:${sid}`, () =>
    ctx.clients.twilio.sendMessage({
      from: business,
      to: customer,
      body,
      ...(statusCallback === undefined ? {} : { statusCallback }),
    }),
  );
  if (sent === undefined) return;
  const { sid: answerSid, status } = sent;
  const about = { customer, business, body, answers: sid, errorCode: null };
  await storeOutgoing(ctx.pg, { ...about, sid: answerSid, status, statusRank: rankOf(status) ?? 0 });
}
