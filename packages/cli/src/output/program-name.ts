import { existsSync } from 'node:fs';

/** It is of every checkout, and the image has none of that folder. */
const OF_A_CHECKOUT = new URL('../../../../scripts/bootstrap.mjs', import.meta.url);
/** Behind a backtick, and in the examples of a help. */
const NAMED = /(?<=`|^ *\$ .*?)ackline (?=[a-z<-])/gm;

/** What a person types here: the image has `ackline` on its PATH, a checkout through npm alone. */
export function programName(ofACheckout = OF_A_CHECKOUT): 'npx ackline' | 'ackline' {
  return existsSync(ofACheckout) ? 'npx ackline' : 'ackline';
}

/** A text that names commands as `ackline …`, with what is typed here in its place. */
export function asTyped(text: string, name = programName()): string {
  return text.replaceAll(NAMED, `${name} `);
}
