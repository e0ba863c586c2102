import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { visibleText } from '../src/components/visible-text.ts';
import { MAX_SHOWN_BYTES, viewBody } from '../src/pages/event/body-view.ts';

const view = (body: string | Buffer, contentType = '') =>
  viewBody(Buffer.from(body).toString('base64'), contentType);

describe('what is shown of a body', () => {
  it('is told by what it is, not by what it says it is', () => {
    assert.equal(view('{"a":1}', 'image/png').kind, 'JSON');
    assert.equal(view('\ufeff{"a":1}').kind, 'JSON');
    assert.equal(view('a=1&b=x%20y', 'application/x-www-form-urlencoded').pretty, 'a: 1\nb: x y');
    assert.equal(view('plain', 'application/json').kind, 'text');
    assert.equal(view('12').kind, 'text');
    assert.equal(view(Buffer.from('\ufeffwide', 'utf16le')).kind, 'UTF-16 text');
    assert.equal(view(Buffer.from([0x50, 0x4b, 3, 4, 0, 0])).kind, 'binary');
    assert.equal(view(Buffer.from([0xc3, 0x28])).kind, 'binary');
    assert.equal(view('').text, '');
  });

  it('is as a hex dump what hexdump -C has', () => {
    const { hex } = view(Buffer.from('PK\u0003\u0004 and eighteen'));
    assert.equal(
      hex,
      '000000  50 4b 03 04 20 61 6e 64 20 65 69 67 68 74 65 65  PK.. and eightee\n000010  6e                                               n',
    );
  });

  it('is its beginning, where it is large, also within a character', () => {
    for (const text of ['x'.repeat(MAX_SHOWN_BYTES * 3), `x${'ü'.repeat(MAX_SHOWN_BYTES)}`]) {
      const { isCut, text: shown } = view(text);
      assert.ok(isCut);
      assert.ok(shown !== null && text.startsWith(shown));
      assert.ok(shown.length > MAX_SHOWN_BYTES / 3);
    }
    assert.equal(view('x'.repeat(1000)).isCut, false);
  });

  it('has by its name what can not be seen', () => {
    assert.equal(
      visibleText('a\u202eb\u001b[31m\tc\nd\u0000\ufeff'),
      'a[U+202E]b[U+001B][31m\tc\nd[U+0000][U+FEFF]',
    );
  });
});
