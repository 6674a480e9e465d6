import { createServer } from 'node:http';

const server = createServer((_, response) => {
  response.end(JSON.stringify({ version: '2', pid: process.pid, folder: process.cwd() }));
});
server.listen(Number(process.env.PORT));
