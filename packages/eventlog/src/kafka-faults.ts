import { AppError } from '@ackline/shared/app-error';
import type { ErrorCode } from '@ackline/shared/error-codes';

/** What a connection, or a broker, said that nobody but a person can change. */
export interface KafkaFault {
  readonly code: Extract<
    ErrorCode,
    'ACKLINE_KAFKA_LOGIN_REFUSED' | 'ACKLINE_KAFKA_TLS_FAILED' | 'ACKLINE_KAFKA_NOT_ALLOWED'
  >;
  /** Whole, and without a secret. */
  readonly what: string;
}

const LOGIN =
  /^(?:SASL_AUTHENTICATION_FAILED|UNSUPPORTED_SASL_MECHANISM|ILLEGAL_SASL_STATE|KafkaJSSASLAuthenticationError)$/;
const FORBIDDEN = /_AUTHORIZATION_FAILED$/;
/** Of OpenSSL, of Node, and of what OpenSSL finds wrong with a certificate. */
const TLS =
  /^(?:ERR_SSL_|ERR_TLS_|CERT_|CRL_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|INVALID_(?:CA|PURPOSE)$|HOSTNAME_MISMATCH$|EPROTO$)/;
/** How the client says that one of both sides speaks TLS, and the other does not. */
const TLS_TEXT = /^(?:TLS handshake failed|Broker requires TLS)/;
const MAX_DEPTH = 8;

/** null: nothing of that, a broker that is away most likely. */
export function kafkaFault(error: unknown): KafkaFault | null {
  const errors = [...within(error, 0)];
  for (const one of errors) {
    const names = ['apiId', 'type', 'code', 'name'].map(key => String(Reflect.get(one, key) ?? ''));
    // A broker's own sentence, that of OpenSSL without its place in it, else the client's.
    const text = Reflect.get(one, 'serverErrorMessage') ?? Reflect.get(one, 'reason') ?? one.message;
    const what = (sentence: string) => `${sentence}: ${String(text)}`;
    if (names.some(name => LOGIN.test(name)))
      return { code: 'ACKLINE_KAFKA_LOGIN_REFUSED', what: what('Kafka refuses the login') };
    if (names.some(name => TLS.test(name)) || TLS_TEXT.test(one.message))
      return { code: 'ACKLINE_KAFKA_TLS_FAILED', what: what('There is no TLS connection to Kafka') };
    if (names.some(name => FORBIDDEN.test(name)))
      return { code: 'ACKLINE_KAFKA_NOT_ALLOWED', what: what('Kafka does not allow it') };
  }
  return null;
}

/** An AppError as it is; else one by what is behind the error. */
export function kafkaError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const fault = kafkaFault(error);
  return new AppError(fault?.code ?? 'ACKLINE_KAFKA_UNAVAILABLE', fault?.what, { cause: error });
}

/** It, its causes, and the errors that it is made of. */
function* within(error: unknown, depth: number): Generator<Error> {
  if (!(error instanceof Error) || depth > MAX_DEPTH) return;
  yield error;
  if (error instanceof AggregateError) for (const one of error.errors) yield* within(one, depth + 1);
  yield* within(error.cause, depth + 1);
}
