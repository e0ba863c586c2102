/** What SendGrid posts at once: it does so when a batch has reached this, or after 30 s. */
const BATCH_BYTES = 768 * 1_024;

/** The events are its smallest ones, so that they are as many as there can be. */
export const LARGEST_BATCH = sendgridBatch(BATCH_BYTES, 'batch');

/** With the line ends that it has. `name`: of the batch, and in each id of it. */
export function sendgridBatch(bytes: number, name: string): Buffer {
  const events: string[] = [];
  for (let length = 0; length < bytes; length += (events.at(-1)?.length ?? 0) + 3) {
    const number = String(events.length).padStart(6, '0');
    events.push(
      JSON.stringify({
        email: 'ada@example.com',
        timestamp: 1_513_299_569,
        'smtp-id': '<14c5d75ce93.dfd.64b469@ismtpd-555>',
        event: 'spamreport',
        sg_event_id: Buffer.from(`${name}-${number}`).toString('base64'),
        sg_message_id: `14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.${events.length % 500}`,
      }),
    );
  }
  return Buffer.from(`[${events.join(',\r\n')}]\r\n`);
}
