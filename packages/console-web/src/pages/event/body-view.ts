import { bytesText } from '../../components/bytes.ts';
import { prettyJson } from './pretty-json.ts';

/** Of a body; the rest is in the file. A browser lays out so much in a tenth of a second, also as one line. */
export const MAX_SHOWN_BYTES = 128 * 1024;
/** JSON in lines is longer than what came. */
const MAX_PRETTY_CHARS = 256 * 1024;
const HEX_BYTES = 1024;
const HEX_LINE = 16;

export interface BodyView {
  /** In words: "JSON", "UTF-16 text", "binary". */
  readonly kind: string;
  /** In lines; null: there is nothing to set in lines. */
  readonly pretty: string | null;
  /** null: it is no text. */
  readonly text: string | null;
  readonly hex: string;
  /** Of the body or of its pretty form, not all is here. */
  readonly isCut: boolean;
}

/** What of a body is shown, and how. It is decoded no further than what is shown. */
export function viewBody(base64: string, contentType: string): BodyView {
  const bytes = firstBytes(base64, MAX_SHOWN_BYTES);
  const isCut = base64.length > Math.ceil(bytes.length / 3) * 4;
  const hex = hexDump(bytes.subarray(0, HEX_BYTES));
  const decoded = decode(bytes, isCut);
  if (decoded === null) return { kind: 'binary', pretty: null, text: null, hex, isCut: false };
  const { text, charset } = decoded;
  const json = prettyJson(text.replace(/^\ufeff/, ''), { isCut, maxChars: MAX_PRETTY_CHARS });
  if (json !== null && /^[^"\d]*[[{]/.test(text))
    return { kind: 'JSON', pretty: json.text, text, hex, isCut: isCut || json.isCut };
  const isForm = /^application\/x-www-form-urlencoded/i.test(contentType);
  const kind = isForm ? 'form' : `${charset}text`;
  return { kind, pretty: isForm ? fieldLines(text) : null, text, hex, isCut };
}

/** "the first 128 KiB of 4.8 MiB". */
export function shownOf(totalBytes: number): string {
  return `the first ${bytesText(MAX_SHOWN_BYTES)} of ${bytesText(totalBytes)}`;
}

function firstBytes(base64: string, limit: number): Uint8Array {
  const binary = atob(base64.slice(0, Math.floor(limit / 3) * 4));
  return Uint8Array.from(binary, char => char.charCodeAt(0));
}

/** null: it is no text that anybody could read. */
function decode(bytes: Uint8Array, isCut: boolean): { text: string; charset: string } | null {
  const wide =
    bytes[0] === 0xff && bytes[1] === 0xfe ? 'le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'be' : null;
  try {
    const decoder = new TextDecoder(wide === null ? 'utf-8' : `utf-16${wide}`, {
      fatal: true,
      ignoreBOM: true,
    });
    const text = decoder.decode(bytes, { stream: isCut });
    return text.includes('\0') ? null : { text, charset: wide === null ? '' : 'UTF-16 ' };
  } catch {
    return null;
  }
}

function fieldLines(form: string): string {
  return [...new URLSearchParams(form)].map(([name, value]) => `${name}: ${value}`).join('\n');
}

/** As `hexdump -C` has it. */
function hexDump(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += HEX_LINE) {
    const line = [...bytes.subarray(at, at + HEX_LINE)];
    const hex = line.map(byte => byte.toString(16).padStart(2, '0')).join(' ');
    const ascii = line.map(byte => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
    lines.push(`${at.toString(16).padStart(6, '0')}  ${hex.padEnd(HEX_LINE * 3 - 1)}  ${ascii}`);
  }
  return lines.join('\n');
}
