// Pure: the YAML parser's complaints in words for a config. Its own words may quote the text, which may be a secret.
// (config loader)

interface SyntaxFault {
  readonly message: string;
  readonly hint: string | null;
}

const FAULTS: ReadonlyMap<string, SyntaxFault> = new Map([
  ['DUPLICATE_KEY', { message: 'this key is there twice', hint: 'remove one of the two' }],
  ['TAB_AS_INDENT', { message: 'a tab cannot indent YAML', hint: 'use spaces' }],
  ['MULTIPLE_DOCS', { message: 'a config is one document', hint: 'remove the line `---`' }],
  ['UNEXPECTED_TOKEN', { message: 'this text is not expected here', hint: 'look at the indentation and the quotes' }],
  ['TAG_RESOLVE_FAILED', { message: 'this tag is not known', hint: 'remove it, or put the value in quotes' }],
  ['BAD_DIRECTIVE', { message: 'this directive is not known', hint: 'remove the line' }],
]);

/** What differs in JSON. */
const JSON_FAULTS: ReadonlyMap<string, SyntaxFault> = new Map([
  [
    'TAG_RESOLVE_FAILED',
    {
      message: 'this is not JSON: neither a number, true, false, null, nor a text in double quotes',
      hint: 'put texts and keys in double quotes, and commas between them; JSON has no comments',
    },
  ],
  ['UNEXPECTED_TOKEN', { message: 'this text is not expected here', hint: 'is a comma or a quote missing before it?' }],
]);

export function describeSyntax(code: string, message: string, format: 'yaml' | 'json'): SyntaxFault {
  const known = (format === 'json' ? JSON_FAULTS.get(code) : undefined) ?? FAULTS.get(code);
  if (known !== undefined) return known;
  // What follows a quotation mark or a colon may be a piece of the file.
  const [words = message] = message.split(/[":]/);
  return format === 'yaml'
    ? { message: `not YAML: ${inPlainWords(words)}`, hint: null }
    : { message: `not JSON: ${inJsonWords(inPlainWords(words))}`, hint: null };
}

function inPlainWords(fault: string): string {
  return fault.trim().replace(/^Missing closing$/, 'a closing quotation mark is missing');
}

/** The parser speaks of YAML's kinds of maps and lists, and of indentation, which does not matter in JSON. */
function inJsonWords(fault: string): string {
  return fault
    .replace(/ in block collection must be sufficiently indented and/i, ' must')
    .replace(/flow map/i, 'an object')
    .replace(/flow sequence/i, 'a list');
}
