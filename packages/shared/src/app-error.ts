import { type ErrorCode, errorCodes } from './error-codes.ts';

/** An error that a user may see: a code from the one table, and a sentence that says what to do. Never holds a secret or payload. */
export class AppError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, detail?: string, options?: { cause?: unknown }) {
    super(detail ?? errorCodes[code].title, options);
    this.name = 'AppError';
    this.code = code;
  }

  get retryable(): boolean {
    return errorCodes[this.code].retryable;
  }
}
