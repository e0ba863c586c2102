/** As the API takes it. */
const MAX_EDITED_BYTES = 1024 * 1024;

/** A text that becomes the same bytes again where nothing of it is changed; null: there is none. */
export function editableText(base64: string): string | null {
  if (base64.length > Math.ceil(MAX_EDITED_BYTES / 3) * 4) return null;
  try {
    const bytes = Uint8Array.from(atob(base64), char => char.charCodeAt(0));
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    // A text area turns a carriage return into a line feed, and drops a NUL.
    return /[\r\0]/.test(text) ? null : text;
  } catch {
    return null;
  }
}

export function textToBase64(text: string): string {
  let binary = '';
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary);
}
