// A program as it comes: it knows nothing of evenkeel, and no config describes it.

const { createServer } = require('node:http');
const { parseArgs } = require('node:util');

const { values } = parseArgs({
  options: { port: { type: 'string', default: '3000' }, greeting: { type: 'string', default: 'Hello' } },
});

createServer((_, response) => {
  const version = process.env.VERSION ?? '1';
  response.end(JSON.stringify({ greeting: values.greeting, version, pid: process.pid }));
}).listen(Number(values.port), () => console.log(`listening on ${values.port}`));
