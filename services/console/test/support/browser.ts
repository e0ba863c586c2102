import { type Got, send } from './send.ts';

/** What a browser does with redirects and cookies, by hosts. */
export interface Browser {
  /** One request. */
  open(url: string): Promise<Got>;
  /** And where it leads to, to the end. */
  follow(url: string): Promise<Got & { readonly url: string }>;
  /** As it would be sent to that host. */
  cookies(host: string): string;
}

const MAX_REDIRECTS = 20;

/** `names`: where hosts are that no resolver knows. */
export function createBrowser(names: Readonly<Record<string, string>>): Browser {
  const jars = new Map<string, Map<string, string>>();
  const jarOf = (host: string) => jars.get(host) ?? jars.set(host, new Map()).get(host)!;
  const cookies = (host: string) => [...jarOf(host)].map(([name, value]) => `${name}=${value}`).join('; ');

  async function open(url: string): Promise<Got> {
    const { host, origin, pathname, search } = new URL(url);
    const got = await send(names[host] ?? origin, {
      path: pathname + search,
      headers: { host, ...(cookies(host) === '' ? {} : { cookie: cookies(host) }) },
    });
    for (const set of got.headers['set-cookie'] ?? []) {
      const [pair = ''] = set.split(';');
      const [name = '', value = ''] = pair.split(/=(.*)/s);
      if (value === '') jarOf(host).delete(name);
      else jarOf(host).set(name, value);
    }
    return got;
  }

  return {
    open,
    cookies,
    async follow(url) {
      let at = url;
      for (let n = 0; n < MAX_REDIRECTS; n++) {
        const got = await open(at);
        const { location } = got.headers;
        if (typeof location !== 'string') return { ...got, url: at };
        at = new URL(location, at).href;
      }
      throw new Error(`more than ${MAX_REDIRECTS} redirects`);
    },
  };
}
