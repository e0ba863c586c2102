import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { editableText, textToBase64 } from '../src/pages/event/editable-text.ts';

const base64 = (bytes: Uint8Array | string) => Buffer.from(bytes).toString('base64');

describe('a body that a person may edit', () => {
  it('is the same bytes again where nothing of it is changed', () => {
    for (const text of ['', '{"n":12345678901234567890}', 'zwölf 📮\n\tand so on', '\ufeff{"bom":true}']) {
      assert.equal(editableText(base64(text)), text);
      assert.equal(textToBase64(text), base64(text));
    }
  });

  it('is none where a text area would change it, or where it is no text', () => {
    for (const bytes of [
      'a\r\nb',
      'a\0b',
      Buffer.from([0xff, 0xfe, 0x41, 0]),
      Buffer.from([0xed, 0xa0, 0x80]),
    ])
      assert.equal(editableText(base64(bytes)), null);
    assert.equal(editableText(base64('x'.repeat(1024 * 1024)))?.length, 1024 * 1024);
    assert.equal(editableText(base64('x'.repeat(1024 * 1024 + 4))), null);
  });
});
