import { createServer } from 'node:http';

const { PORT, GREETING } = process.env;
createServer((_request, response) => response.end(`${GREETING} from ${process.pid}\n`)).listen(Number(PORT));
