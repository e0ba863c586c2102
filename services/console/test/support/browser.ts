import { type Got, send } from './send.ts';

/** What a browser does with redirects and cookies, by hosts. */
export interface Browser {
  /** One request, of an address that was typed or a link of the same host. */
  open(url: string): Promise<Got>;
  /** And where it leads to, to the end: behind another host as if the person had gone on there by a link, without `SameSite=Strict` cookies. */
  follow(url: string): Promise<Got & { readonly url: string }>;
  /** As it would be sent to that host by its own page. */
  cookies(host: string): string;
}

interface Kept {
  readonly value: string;
  readonly isStrict: boolean;
}

const MAX_REDIRECTS = 20;

/** `names`: where hosts are that no resolver knows. */
export function createBrowser(names: Readonly<Record<string, string>>): Browser {
  const jars = new Map<string, Map<string, Kept>>();
  const jarOf = (host: string) => jars.get(host) ?? jars.set(host, new Map()).get(host)!;
  const cookies = (host: string, isCrossSite = false) =>
    [...jarOf(host)]
      .filter(([, { isStrict }]) => !isStrict || !isCrossSite)
      .map(([name, { value }]) => `${name}=${value}`)
      .join('; ');

  async function open(url: string, isCrossSite = false): Promise<Got> {
    const { host, origin, pathname, search } = new URL(url);
    const cookie = cookies(host, isCrossSite);
    const got = await send(names[host] ?? origin, {
      path: pathname + search,
      headers: { host, ...(cookie === '' ? {} : { cookie }) },
    });
    for (const set of got.headers['set-cookie'] ?? []) {
      const [pair = ''] = set.split(';');
      const [name = '', value = ''] = pair.split(/=(.*)/s);
      if (value === '') jarOf(host).delete(name);
      else jarOf(host).set(name, { value, isStrict: /; SameSite=Strict/i.test(set) });
    }
    return got;
  }

  return {
    open: url => open(url),
    cookies: host => cookies(host),
    async follow(url) {
      let at = url;
      const hosts = new Set<string>();
      for (let n = 0; n < MAX_REDIRECTS; n++) {
        hosts.add(new URL(at).host);
        const got = await open(at, hosts.size > 1);
        const { location } = got.headers;
        if (typeof location !== 'string') return { ...got, url: at };
        at = new URL(location, at).href;
      }
      throw new Error(`more than ${MAX_REDIRECTS} redirects`);
    },
  };
}
