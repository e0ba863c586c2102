import { isAttended } from './attention.ts';

const refusals = new EventTarget();
const UNKNOWN = 'unknown';

/** Calls back where an answer says that the console does not know who asks: the session has ended. */
export function onUnknown(listener: () => void): void {
  refusals.addEventListener(UNKNOWN, listener);
}

/** All that the page asks the console for. What nobody is there for is marked, so that a page that was left open keeps nobody signed in. */
export async function consoleFetch(request: Request): Promise<Response> {
  if (!isAttended()) request.headers.set('x-ackline-background', '1');
  const response = await fetch(request);
  if (response.status === 401) refusals.dispatchEvent(new Event(UNKNOWN));
  return response;
}
