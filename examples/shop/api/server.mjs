// The shop's catalogue, on Express.

import express from 'express';

const version = '1';
let served = 0;

const app = express();

app.get('/healthz', (_request, response) => {
  response.send('ok');
});

app.get('/', (_request, response) => {
  served += 1;
  response.json({ version, products: ['anchor', 'keel', 'rope'], pid: process.pid, n: served });
});

app.listen(Number(process.env.PORT));
