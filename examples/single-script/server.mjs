// A program as it comes: it knows nothing of evenkeel, and no config describes it.

import { createServer } from 'node:http';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { port: { type: 'string', default: '3000' }, greeting: { type: 'string', default: 'Hello' } },
});

createServer((_, response) => {
  const version = process.env.VERSION ?? '1';
  response.end(JSON.stringify({ greeting: values.greeting, version, pid: process.pid }));
}).listen(Number(values.port), () => console.log(`listening on ${values.port}`));
