// CLI: aligned columns, without lines around them. Where the terminal is too narrow, what matters least is left out.

import { stripVTControlCharacters } from 'node:util';
import Table from 'cli-table3';
import type { TextOutput } from './context.ts';
import type { Style } from './style.ts';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** May be left out, the largest first; absent: never. */
  readonly spare?: number;
}

export interface TableRules {
  readonly style: Style;
  /** In characters; null: as wide as it gets. */
  readonly width: number | null;
}

/** Only a terminal has a width that counts. */
export function tableRules({ style, isTTY, columns }: TextOutput): TableRules {
  return { style, width: isTTY ? columns : null };
}

const GAP = '  ';

const NO_LINES = {
  ...{ top: '', 'top-mid': '', 'top-left': '', 'top-right': '' },
  ...{ bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '' },
  ...{ left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: GAP },
};

type Rows = readonly (readonly string[])[];

/** Ends with a line feed. Cells may have colours. */
export function renderTable(columns: readonly Column[], rows: Rows, { style, width }: TableRules): string {
  const shown = columnsThatFit(columns, rows, width);
  const table = new Table({
    head: shown.map(({ column }) => style('dim', column.title)),
    colAligns: shown.map(({ column }) => column.align ?? 'left'),
    chars: NO_LINES,
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
  });
  table.push(...rows.map((row) => shown.map(({ index }) => row[index] ?? '')));
  return `${table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')}\n`;
}

interface Shown {
  readonly column: Column;
  readonly index: number;
  readonly width: number;
}

function columnsThatFit(columns: readonly Column[], rows: Rows, width: number | null): readonly Shown[] {
  let shown = columns.flatMap((column, index): readonly Shown[] => {
    const widest = Math.max(0, ...rows.map((row) => stripVTControlCharacters(row[index] ?? '').length));
    // A column in which nobody has anything.
    return widest === 0 ? [] : [{ column, index, width: Math.max(widest, column.title.length) }];
  });
  while (width !== null && widthOf(shown) > width) {
    const least = Math.max(...shown.map(({ column }) => column.spare ?? 0));
    if (least === 0) break;
    shown = shown.filter(({ column }) => column.spare !== least);
  }
  return shown;
}

function widthOf(shown: readonly Shown[]): number {
  return shown.reduce((sum, one) => sum + one.width, 0) + GAP.length * Math.max(0, shown.length - 1);
}
