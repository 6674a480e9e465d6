import { expect, it } from 'vitest';
import { shownUrl } from '../../src/core/shown-url.ts';

it.each([
  ['/healthz', '/healthz'],
  ['/healthz?token=hunter2', '/healthz'],
  ['/healthz#hunter2', '/healthz'],
  ['http://localhost:3000/a/b', 'http://localhost:3000/a/b'],
  ['http://me:hunter2@localhost:3000/a?b=hunter2', 'http://localhost:3000/a'],
  ['https://hunter2@[::1]:3000', 'https://[::1]:3000'],
  ['HTTP://me:hunter2@x@localhost/', 'HTTP://localhost/'],
  ['http://localhost?a=hunter2/@b', 'http://localhost'],
  ['http://localhost/a@b', 'http://localhost/a@b'],
])('%s is shown as %s', (url, shown) => {
  expect(shownUrl(url)).toBe(shown);
});
