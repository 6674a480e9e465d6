import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import { probe } from '../../src/agent/probe.ts';

const request = { path: '/up', status: null, timeout: 1000 };

test('a path that Node cannot ask for is an answer, and no exception of the app', () => {
  const answers: boolean[] = [];
  probe(createServer(), { ...request, path: '/gesund–heit' }, ({ ok }) => answers.push(ok));
  expect(answers).toEqual([false]);
});

test('what the app throws when it is asked is an answer, too', () => {
  const answers: string[] = [];
  const server = createServer().prependListener('connection', () => {
    throw new Error('no more');
  });
  probe(server, request, ({ detail }) => answers.push(detail));
  expect(answers).toEqual(['GET /up failed: no more']);
});
