import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import proxyaddr from 'proxy-addr';

const UNKNOWN = 'unknown';

/**
 * The address that called: the one of the connection, or, where that is a trusted proxy's, the last in X-Forwarded-For that is
 * not. What others wrote into the header is not believed. Throws a TypeError for what is neither address nor block.
 */
export function createAddressOf(trustProxies: readonly string[]): (request: IncomingMessage) => string {
  if (trustProxies.length === 0) return ({ socket }) => plain(socket.remoteAddress);
  const isTrusted = proxyaddr.compile([...trustProxies]);
  return request => {
    const forwarded = proxyaddr(request, isTrusted);
    return plain(isIP(forwarded ?? '') === 0 ? request.socket.remoteAddress : forwarded);
  };
}

/** Whether the peer of a request's connection is a trusted proxy: what it says of others is believed. Throws as `createAddressOf`. */
export function createIsTrustedPeer(
  trustProxies: readonly string[],
): (request: Pick<IncomingMessage, 'socket'>) => boolean {
  if (trustProxies.length === 0) return () => false;
  const isTrusted = proxyaddr.compile([...trustProxies]);
  return ({ socket }) => isTrusted(socket.remoteAddress ?? '', 0);
}

const MAPPED_IPV4 = /^::ffff:(?=\d+\.)/i;

/** A socket that takes both kinds shows an IPv4 address as ::ffff:1.2.3.4. */
function plain(address: string | undefined): string {
  return address?.replace(MAPPED_IPV4, '') ?? UNKNOWN;
}

/** Groups of 16 bits that name the network of a customer; the other half he chooses freely. */
const NETWORK_GROUPS = 4;
const GROUPS = 8;

/** What is counted together: an IPv4 address, or the /64 network of an IPv6 one, all of whose addresses one caller has. */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.replace(/%.*$/, '').toLowerCase().split('::');
  const first = groupsOf(head);
  const last = tail === undefined ? [] : groupsOf(tail);
  const zeros = Array.from({ length: Math.max(0, GROUPS - first.length - last.length) }, () => '0');
  const network = [...first, ...zeros, ...last].slice(0, NETWORK_GROUPS);
  return network.map(group => group.replace(/^0+(?=.)/, '')).join(':');
}

function groupsOf(text: string): string[] {
  return text === '' ? [] : text.split(':');
}
