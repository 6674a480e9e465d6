// The shop's search, on Fastify. The config does not run it yet: the demo adds it.

import Fastify from 'fastify';

const version = '1';
let served = 0;

const app = Fastify();

app.get('/', async () => {
  served += 1;
  return { version, found: ['rope'], pid: process.pid, n: served };
});

await app.listen({ port: Number(process.env.PORT), host: '0.0.0.0' });
