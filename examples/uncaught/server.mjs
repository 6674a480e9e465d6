// An ordinary server with an ordinary mistake: nobody catches what is thrown in the callback, and Node ends.

import { createServer } from 'node:http';

createServer((request, response) => {
  const cart = request.url === '/checkout' ? undefined : { items: [] };
  setTimeout(() => {
    response.end(JSON.stringify({ version: '1', items: cart.items.length }));
  }, 100);
}).listen(Number(process.env.PORT));
