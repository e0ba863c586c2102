import { parseDuration } from '@ackline/shared/config/units';
import { InvalidArgumentError } from 'commander';

export const KEYS_OPTION = 'show dedup and ordering keys as they are: they may be phone numbers';

/** A parser of commander for whole numbers in [min, max]. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return text => {
    const value = Number(text);
    if (!/^\d{1,15}$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
    }
    return value;
  };
}

/** A parser of commander for rates: numbers over 0, up to max. */
export function positiveNumber(max: number): (text: string) => number {
  return text => {
    const value = Number(text);
    if (!/^\d{1,9}(\.\d{1,6})?$/.test(text) || value <= 0 || value > max) {
      throw new InvalidArgumentError(`It must be a number over 0, up to ${max}.`);
    }
    return value;
  };
}

/** A parser of commander for percentages. */
export function percentage(text: string): number {
  const value = Number(text);
  if (!/^\d{1,3}(\.\d{1,4})?$/.test(text) || value > 100) {
    throw new InvalidArgumentError('It must be a number from 0 to 100.');
  }
  return value;
}

/** A parser of commander for durations, in milliseconds. */
export function duration(text: string): number {
  const ms = parseDuration(text);
  if (ms === null || ms <= 0) throw new InvalidArgumentError('It must be a duration such as 30m, 1h or 2d.');
  return ms;
}

/** A parser of commander for the base URL of an ingress. */
export function baseUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '') {
    throw new InvalidArgumentError('It must be a URL such as http://127.0.0.1:8080.');
  }
  return text.replace(/\/+$/, '');
}
