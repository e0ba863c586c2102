import type { ServiceApi } from './service-api.ts';

/** What the bot says next. */
export interface Step {
  readonly text: string;
  readonly buttons: readonly { readonly label: string; readonly data: string }[];
}

const TYPES: Readonly<Record<string, string>> = { repair: 'Repair', install: 'Installation' };
const SIDES: Readonly<Record<string, string>> = { home: 'At home', office: 'At the office' };

/**
 * Asks for a type, a side and a category, and makes a request of them. What has been chosen stands in the buttons, `repair:home:7`, so the
 * bot keeps nothing between two messages. Whoever can press a button can send any text in its place: what is not known is asked for again.
 */
export async function nextStep(chosen: string, api: ServiceApi): Promise<Step> {
  const [type = '', side = '', category = ''] = chosen.split(':');
  if (!Object.hasOwn(TYPES, type)) return menu('What do you need?', Object.entries(TYPES));
  if (!Object.hasOwn(SIDES, side)) return menu('Where?', Object.entries(SIDES), `${type}:`);
  const categories = await api.categories(type, side);
  const picked = categories.find(({ id }) => String(id) === category);
  if (picked === undefined) {
    const choices = categories.map(({ id, name }) => [String(id), name] as const);
    return menu('What is it about?', choices, `${type}:${side}:`);
  }
  const number = await api.request({ type, side, category: picked.id });
  return menu(`Request ${number}: ${TYPES[type]}, ${SIDES[side]}, ${picked.name}. We will call you.`, []);
}

function menu(text: string, choices: readonly (readonly [id: string, label: string])[], prefix = ''): Step {
  return { text, buttons: choices.map(([id, label]) => ({ label, data: prefix + id })) };
}
