/** A port that was free on 127.0.0.1 a moment ago. */
export { findFreePort as freePort } from '@ackline/embedded-postgres/port';
