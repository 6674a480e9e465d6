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

const UNQUOTED: SyntaxFault = {
  message: 'this is not JSON: neither a number, true, false, null, nor a text in double quotes',
  hint: 'put texts and keys in double quotes, and commas between them; JSON has no comments',
};

export function describeSyntax(code: string, message: string, format: 'yaml' | 'json'): SyntaxFault {
  if (format === 'json' && code === 'TAG_RESOLVE_FAILED') return UNQUOTED;
  const known = FAULTS.get(code);
  if (known !== undefined) return known;
  // What follows a quotation mark or a colon may be a piece of the file.
  const [words = message] = message.split(/[":]/);
  return { message: `not ${format === 'json' ? 'JSON' : 'YAML'}: ${words.trim()}`, hint: null };
}
