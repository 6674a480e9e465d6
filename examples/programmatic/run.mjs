// Starts the apps of this folder, asks them something, deploys twice (the second time something that cannot work), and
// stops everything.

import { fileURLToPath } from 'node:url';
import { OperationError, startManager } from 'evenkeel';

// Anything with info, warn and error, such as a logger of pino or bunyan: the event, and a line for people.
const logger = {
  info: (_event, line) => console.log(`  ${line}`),
  warn: (_event, line) => console.log(`! ${line}`),
  error: (_event, line) => console.log(`✗ ${line}`),
};

const evenkeel = await startManager({ cwd: fileURLToPath(new URL('.', import.meta.url)), logger });
try {
  const { apps } = await evenkeel.status();
  console.log(`${apps[0].ready} workers are ready`);
  console.log(await ask());

  const { apps: deployed } = await evenkeel.deploy('web', { env: { GREETING: 'good morning' }, timeout: '1m' });
  console.log(`deployed: ${deployed[0].message}, ${deployed[0].deploy.loss.cut} connections cut`);
  console.log(await ask());

  try {
    await evenkeel.deploy('web', { script: 'no-such-file.mjs' });
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    console.log(`refused: ${error.code}`);
    console.log(await ask());
  }

  for await (const { slot, line } of evenkeel.logs('web', { last: 5, follow: false })) console.log(slot, line);
} finally {
  await evenkeel.stop();
  console.log('stopped');
}

async function ask() {
  const response = await fetch(`http://127.0.0.1:${process.env.PORT ?? 3000}/`);
  return (await response.text()).trim();
}
