/**
 * The topic that ingresses append to and processors read. The version is that of the record format: another format gets another
 * topic, so that old and new readers never mix.
 */
export const EVENTS_TOPIC = 'ackline.events.v1';
