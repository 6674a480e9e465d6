// The smallest server there is: all that a benchmark of requests measures is what stands around it.

import { createServer } from 'node:http';

createServer((_request, response) => response.end('ok')).listen(Number(process.env.PORT));
