/** The names in a text, as a set: a list of a hundred names reads better so. */
export function words(text: string): ReadonlySet<string> {
  return new Set(text.split(/\s+/).filter(word => word !== ''));
}
