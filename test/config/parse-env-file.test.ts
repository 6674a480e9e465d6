import { expect, test } from 'vitest';
import { parseEnvFile } from '../../src/config/parse-env-file.ts';

function variablesOf(text: string): Record<string, string> {
  return Object.fromEntries(parseEnvFile(text).variables);
}

test.each([
  ['A=1', { A: '1' }],
  ['A=1\r\nB=2\r\n', { A: '1', B: '2' }],
  ['  export A = b c  ', { A: 'b c' }],
  ['# comment\n\nA=1 # more', { A: '1' }],
  ['A=', { A: '' }],
  ['A="b # c" # d', { A: 'b # c' }],
  ["A='b\\n'", { A: 'b\\n' }],
  ['A="b\\n\\"c\\"\\\\"', { A: 'b\n"c"\\' }],
  ['A="one\ntwo"\nB=3', { A: 'one\ntwo', B: '3' }],
  ['A=`it\'s "x"`', { A: 'it\'s "x"' }],
  ['A=b=c', { A: 'b=c' }],
  ['A=1\nA=2', { A: '2' }],
  ['a.b-c=1', { 'a.b-c': '1' }],
])('%j is understood', (text, expected) => {
  expect(parseEnvFile(text).faults).toEqual([]);
  expect(variablesOf(text)).toEqual(expected);
});

test('every bad line is reported by its number, and the rest is read', () => {
  const { variables, faults } = parseEnvFile('A=1\nsecret\n1X=2\nB="x" y\nC=\'never\nD=4');
  expect(faults.map((fault) => fault.line)).toEqual([2, 3, 4, 5]);
  expect(Object.fromEntries(variables)).toEqual({ A: '1', D: '4' });
});

test('what a bad line says does not show', () => {
  expect(JSON.stringify(parseEnvFile('hunter2\nA="hunter2').faults)).not.toContain('hunter2');
});
