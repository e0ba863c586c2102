/** 30 years: what is longer is no time. */
const MAX_RETRY_AFTER_SECONDS = 1e9;
/** The forms of RFC 9110 §5.6.7 all begin with the day of the week. */
const HTTP_DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)/;

/** Seconds or an HTTP date, as milliseconds from now; null where it is neither. */
export function retryAfterMs(header: string | string[] | undefined, now: number): number | null {
  const value = Array.isArray(header) ? header[0] : header;
  if (value === undefined) return null;
  if (/^\d{1,10}$/.test(value)) return Math.min(Number(value), MAX_RETRY_AFTER_SECONDS) * 1000;
  // Date.parse alone takes "-5" or "1.5" for dates of its own invention.
  const date = HTTP_DATE.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}
