/**
 * What a terminal or a browser would obey rather than show: control characters but tab and line end, what turns the direction of text
 * around, and what has no width but the joiners that letters and pictures are made with.
 */
const UNSEEN = /(?!\r\n|[\t\n\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Text from outside as it is to be read: what can't be seen is there by its name, `[U+202E]`. */
export function visibleText(text: string): string {
  return text.replaceAll(
    UNSEEN,
    char => `[U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`,
  );
}
