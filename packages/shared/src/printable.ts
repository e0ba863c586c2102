/** Text from outside (ids, errors of receivers) with control characters replaced: an escape sequence could rewrite the screen. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, '·');
}
