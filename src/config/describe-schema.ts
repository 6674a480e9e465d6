// Pure: the reference of all keys as Markdown tables, from the schema. The README's is generated with it.

import { type Data, isRecord } from '../core/is-record.ts';
import { follow } from './schema.ts';

/** One row for each key, in the order of the schema; a table for the top of the file, and one for an app. */
export function describeSchema(schema: Data): string {
  const top = follow(schema, schema);
  const app = follow(schema, isRecord(schema.definitions) ? schema.definitions.app : null);
  const sections = [
    String(top.description),
    '### The file',
    table(rowsOf(schema, top, '', 1)),
    '### An app',
    table(rowsOf(schema, app, '', Number.POSITIVE_INFINITY)),
  ];
  return `${sections.join('\n\n')}\n`;
}

const HEAD = ['| Key | Type | Default | On change | What it is |', '| --- | --- | --- | --- | --- |'];

function table(rows: readonly string[]): string {
  return [...HEAD, ...rows].join('\n');
}

function rowsOf(schema: Data, part: Data, prefix: string, depth: number): readonly string[] {
  if (!isRecord(part.properties)) return [];
  return Object.entries(part.properties).flatMap(([key, value]) => {
    const property = follow(schema, value);
    const path = `${prefix}${key}`;
    return [row(path, property), ...(depth > 1 ? rowsOf(schema, property, `${path}.`, depth - 1) : [])];
  });
}

function row(path: string, part: Data): string {
  const change = typeof part['x-change'] === 'string' ? `\`${part['x-change']}\`` : '';
  const cells = [`\`${path}\``, describeType(part), describeDefault(part), change, describe(part)];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function describe(part: Data): string {
  const [example] = Array.isArray(part.examples) ? part.examples : [];
  const text = String(part.description ?? '');
  return example === undefined ? text : `${text} Example: \`${JSON.stringify(example)}\`.`;
}

function describeType(part: Data): string {
  if (Array.isArray(part.enum)) return part.enum.map((word) => `\`${word}\``).join(', ');
  const types = (Array.isArray(part.type) ? part.type : [part.type]).map(String);
  return types.map((type) => describeOne(type, part)).join(', ');
}

function describeOne(type: string, part: Data): string {
  if (type !== 'string' || typeof part.format !== 'string') return TYPES[type] ?? type;
  return TEXTS[part.format] ?? 'text';
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'integer',
  boolean: 'boolean',
  array: 'list',
  object: 'map',
  null: '`null`',
};

const TEXTS: Readonly<Record<string, string>> = {
  duration: 'duration',
  'positive-duration': 'duration',
  size: 'size',
  cron: 'cron pattern',
  pattern: 'regular expression',
};

function describeDefault(part: Data): string {
  if (typeof part['x-default'] === 'string') return part['x-default'];
  return Object.hasOwn(part, 'default') ? `\`${JSON.stringify(part.default)}\`` : '';
}
