import { posix } from 'node:path';
import { Marked, type RendererObject, type Tokens } from 'marked';
import { escapeHtml } from '../page/send-file.ts';

export interface RenderedDoc {
  readonly html: string;
  /** What a link can lead to behind `#`. */
  readonly anchors: ReadonlySet<string>;
}

/** Where a link to a file leads here: `errors.md` → `/docs/errors`; null: the file is not served. */
export type PathOfFile = (file: string) => string | null;

const COMMENT = /^<!--.*-->\s*$/s;
const LINE_BREAK = /^<br ?\/?>$/;
const ELSEWHERE = /^(?:https?:\/\/|mailto:)/i;
const SCHEME = /^(?:[a-z][a-z0-9+.-]*:|\/\/)/i;

/** Markdown as GitHub shows it, but for HTML, which is text here: nothing of a page is markup that we did not write. */
export function renderDoc(
  { file, markdown }: { readonly file: string; readonly markdown: string },
  pathOfFile: PathOfFile,
): RenderedDoc {
  const anchors = new Set<string>();
  const marked = new Marked({ gfm: true });
  marked.use({
    renderer: {
      ...plainRenderer,
      heading({ tokens, depth, text }) {
        const anchor = freeAnchor(plainText(text), anchors);
        anchors.add(anchor);
        return `<h${depth} id="${escapeHtml(anchor)}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
      },
      link({ href, tokens }) {
        const text = this.parser.parseInline(tokens);
        const target = targetOf(href, file, pathOfFile);
        return target === null ? text : `<a href="${escapeHtml(target)}">${text}</a>`;
      },
    },
  });
  const html = marked.parse(markdown, { async: false });
  return { html, anchors };
}

/** The words of its first heading. */
export function titleOf(markdown: string): string | null {
  const [, title] = /^# (.+)$/m.exec(markdown) ?? [];
  return title === undefined ? null : plainText(title);
}

/** What is the same on each page. Wide code and tables scroll by themselves, also by keyboard. */
const plainRenderer: RendererObject = {
  html: ({ text }) => (LINE_BREAK.test(text) ? '<br>' : COMMENT.test(text) ? '' : escapeHtml(text)),
  image: ({ text }) => escapeHtml(text),
  checkbox: ({ checked }) => (checked ? '☑ ' : '☐ '),
  code: ({ text }) => `<pre tabindex="0"><code>${escapeHtml(text)}</code></pre>\n`,
  table(token: Tokens.Table) {
    const row = (cells: readonly Tokens.TableCell[], tag: 'td' | 'th') =>
      `<tr>${cells.map(cell => `<${tag}>${this.parser.parseInline(cell.tokens)}</${tag}>`).join('')}</tr>`;
    const body = token.rows.map(cells => row(cells, 'td')).join('\n');
    return `<div class="docs-table" tabindex="0"><table><thead>${row(token.header, 'th')}</thead><tbody>${body}</tbody></table></div>\n`;
  },
};

/** The text of a heading without its marks: code, and links by their words. */
function plainText(markdown: string): string {
  return markdown.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll(/[`*]/g, '');
}

/** As GitHub names the place of a heading; of several with the same words the second one has `-1`. */
function freeAnchor(text: string, taken: ReadonlySet<string>): string {
  const anchor = text
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-');
  if (!taken.has(anchor)) return anchor;
  let count = 1;
  while (taken.has(`${anchor}-${count}`)) count += 1;
  return `${anchor}-${count}`;
}

/** null: a file that is not served, or a scheme that is no page of the web. */
function targetOf(href: string, from: string, pathOfFile: PathOfFile): string | null {
  if (href.startsWith('#') || ELSEWHERE.test(href)) return href;
  if (SCHEME.test(href)) return null;
  const [path = '', anchor] = href.split('#', 2);
  const target = pathOfFile(posix.join(posix.dirname(from), path));
  return target === null || anchor === undefined ? target : `${target}#${anchor}`;
}
