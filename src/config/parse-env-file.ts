// Pure: the lines of an env file, in the format that dotenv made common. Every bad line is reported; what it says is
// not, for it may be a secret. (config loader)

export interface EnvFileFault {
  /** 1-based. */
  readonly line: number;
  readonly message: string;
  readonly hint: string;
}

export interface EnvFile {
  readonly variables: ReadonlyMap<string, string>;
  readonly faults: readonly EnvFileFault[];
}

const ASSIGNMENT = /^[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.-]*)[ \t]*=[ \t]*/;
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\' };

export function parseEnvFile(text: string): EnvFile {
  const lines = text.split(/\r\n|\n|\r/);
  const variables = new Map<string, string>();
  const faults: EnvFileFault[] = [];
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] ?? '';
    if (/^[ \t]*(#|$)/.test(line)) continue;
    const [start, name] = ASSIGNMENT.exec(line) ?? [];
    if (start === undefined || name === undefined) {
      faults.push({
        line: index + 1,
        message: 'the line is not NAME=value',
        hint: 'write NAME=value, or begin a comment with #',
      });
      continue;
    }
    const value = readValue(lines, index, line.slice(start.length));
    if (value.ok) {
      variables.set(name, value.text);
      index += value.moreLines;
    } else {
      faults.push({
        line: index + 1,
        message: value.message,
        hint: 'put the whole value between two quotes of one kind',
      });
    }
  }
  return { variables, faults };
}

type Value =
  | { readonly ok: true; readonly text: string; readonly moreLines: number }
  | { readonly ok: false; readonly message: string };

function readValue(lines: readonly string[], index: number, rest: string): Value {
  const [quote = ''] = rest;
  if (quote === '' || !`"'\``.includes(quote)) {
    return { ok: true, text: rest.replace(/#.*$/, '').trim(), moreLines: 0 };
  }
  let raw = rest.slice(1);
  for (let moreLines = 0; ; moreLines += 1) {
    const end = closingQuote(raw, quote);
    if (end !== -1) return quoted(raw, end, quote, moreLines);
    const next = lines[index + moreLines + 1];
    if (next === undefined) return { ok: false, message: 'the quote is never closed' };
    raw += `\n${next}`;
  }
}

function closingQuote(raw: string, quote: string): number {
  for (let at = 0; at < raw.length; at += 1) {
    if (raw[at] === quote) return at;
    if (quote === '"' && raw[at] === '\\') at += 1;
  }
  return -1;
}

function quoted(raw: string, end: number, quote: string, moreLines: number): Value {
  if (!/^[ \t]*(#.*)?$/.test(raw.slice(end + 1)))
    return { ok: false, message: 'there is text after the closing quote' };
  const text = raw.slice(0, end);
  const plain = quote === '"' ? text.replace(/\\(.)/gs, (all, letter: string) => ESCAPES[letter] ?? all) : text;
  return { ok: true, text: plain, moreLines };
}
