/** HTML as a tagged template that escapes everything it is given, except what is HTML already. */

const MARK: unique symbol = Symbol('html');

export interface Html {
  readonly [MARK]: true;
  readonly text: string;
}

type Part = Html | string | number | null | false | readonly Part[];

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (c) => ESCAPES[c]!);

/** Takes `text` for HTML as it is: only for what this program made itself. */
export const trusted = (text: string): Html => ({ [MARK]: true, text });

function render(part: Part): string {
  if (part === null || part === false) return '';
  if (typeof part === 'string') return escapeHtml(part);
  if (typeof part === 'number') return String(part);
  return MARK in part ? part.text : part.map(render).join('');
}

/** Null and false give nothing, lists their parts. */
export const html = (strings: TemplateStringsArray, ...parts: readonly Part[]): Html =>
  trusted(strings.reduce((text, string, i) => text + render(parts[i - 1]!) + string));
