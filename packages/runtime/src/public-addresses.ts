import { BlockList, isIP, isIPv4, type LookupFunction } from 'node:net';

/** Of an own network, of this machine, of none, or of many at once (IANA's registries of special-purpose addresses). */
const INSIDE_V4 = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  // The host's agent in each virtual network of Azure: it looks public.
  ['168.63.129.16', 32],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const;
/** Within 2000::/3: protocols and tunnels (2001::/23, 6to4), documentation. */
const INSIDE_V6 = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const;
/** An IPv4 address behind it is reached by NAT64. */
const NAT64 = '64:ff9b::';
const NAT64_BITS = 96;

const inside = new BlockList();
const outside = new BlockList();
outside.addSubnet('2000::', 3, 'ipv6');
outside.addSubnet(NAT64, NAT64_BITS, 'ipv6');
for (const [address, bits] of INSIDE_V4) {
  inside.addSubnet(address, bits, 'ipv4');
  inside.addSubnet(`${NAT64}${address}`, NAT64_BITS + bits, 'ipv6');
}
for (const [address, bits] of INSIDE_V6) inside.addSubnet(address, bits, 'ipv6');

/** Whether it is of the internet; false for what is no address. */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !inside.check(address, 'ipv4');
  return outside.check(address, 'ipv6') && !inside.check(address, 'ipv6');
}

/** Of a URL: false for an address in the place of a name that is not of the internet, which no lookup is asked about. */
export function mayBePublic(hostname: string): boolean {
  const address = hostname.replace(/^\[|\]$/g, '');
  return isIP(address) === 0 || isPublicAddress(address);
}

export const NOT_PUBLIC = 'NOT_PUBLIC';

/** Fails with `NOT_PUBLIC` where one of the addresses is not: what it gives is what is connected to. */
export function onlyPublic(lookup: LookupFunction): LookupFunction {
  return (hostname, options, callback) =>
    lookup(hostname, options, (error, found, family) => {
      const addresses = typeof found === 'string' ? [found] : (found ?? []).map(({ address }) => address);
      if (error !== null || addresses.every(isPublicAddress)) return callback(error, found, family);
      const refusal = new Error(`${hostname} has an address that is not of the internet`);
      callback(Object.assign(refusal, { code: NOT_PUBLIC }), []);
    });
}
