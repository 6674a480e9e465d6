// `npm run demo`: the life of a small shop, told in steps, with customers asking all the time. Ends with 1 if a single
// request failed or a step went otherwise than it should.

import { performance } from 'node:perf_hooks';
import { Crowd } from './demo/crowd.mjs';
import { Stage } from './demo/stage.mjs';
import { formatSeconds, formatTable } from './demo/table.mjs';

const CUSTOMERS = 32;
/** Of each group of customers, after each step: what a step broke shows at the latest then. */
const REQUESTS_AFTER_STEP = 200;

const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort());
process.once('SIGTERM', () => interrupted.abort());

const stage = await Stage.open();
const rows = [];
let crowd = null;

try {
  await Promise.race([tellTheStory(), whenInterrupted()]);
} catch (error) {
  console.error(`\nThe demo failed: ${error.message}`);
  process.exitCode = interrupted.signal.aborted ? 130 : 1;
} finally {
  await crowd?.stop();
  await stage.close();
}
// An interrupted story may still wait for something.
process.exit();

async function tellTheStory() {
  await step('start the shop', 'evenkeel start', async () => {
    await expectExit(0, 'start');
    return 'web, api, mails and reports are up';
  });

  crowd = new Crowd([stage.port(3000), stage.port(3001)], CUSTOMERS);
  await step(`${CUSTOMERS} customers come`, 'half keep-alive, half a connection each', async () => {
    await crowd.more(REQUESTS_AFTER_STEP);
    return 'they stay to the end';
  });

  editTheConfig();
  await step('see what a reload would do', 'evenkeel plan', async () => {
    const { stdout } = await expectExit(0, 'plan');
    show(stdout);
    return 'nothing is changed yet';
  });
  await step('let it happen', 'evenkeel reload', async () => {
    const { stdout } = await expectExit(0, 'reload');
    show(stdout);
    await expectApps({ web: 2, api: 3, mails: 1, search: 2 });
    return 'web redeployed, api has 3, search is new, reports is gone';
  });
  await step('reload again', 'evenkeel reload', async () => {
    const { stdout } = await expectExit(0, 'reload');
    show(stdout);
    return 'nothing to do';
  });

  stage.edit('web/server.mjs', (code) => code.replace("version = '1'", "version = '2'"));
  await step('deploy new code', 'evenkeel deploy web', async () => {
    const { stdout } = await expectExit(0, 'deploy', 'web');
    show(stdout);
    return 'version 2 of web serves';
  });

  stage.edit('web/server.mjs', (code) =>
    code.replace('const server', "throw new Error('no such table: orders');\nconst server"),
  );
  await step('deploy a broken release', 'evenkeel deploy web', async () => {
    const { stderr } = await expectExit(1, 'deploy', 'web');
    show(stderr);
    return 'refused: version 2 goes on';
  });

  await step('kill the manager', 'kill -9, then evenkeel start', async () => {
    const before = await stage.status();
    process.kill(before.manager.pid, 'SIGKILL');
    await crowd.more(REQUESTS_AFTER_STEP);
    await expectExit(0, 'start');
    await expectSameWorkers(before);
    return 'the next one adopted all: same workers';
  });
  await sumUp();
}

function editTheConfig() {
  console.log('\n  In evenkeel.config.yaml: web gets another GREETING, api a third worker,');
  console.log('  search is added and reports removed.');
  stage.editConfig((text) =>
    text
      .replace('Welcome to the shop', 'Welcome back')
      .replace('script: api/server.mjs', 'script: api/server.mjs\n    workers: 3')
      .replace(/\n {2}# Writes the daily report[\s\S]*$/, '')
      .concat(`\n  search:\n    script: search/server.mjs\n    env: { PORT: ${stage.port(3002)} }\n`),
  );
}

/** Runs one step under load and notes what it cost; `act` gives the remark. */
async function step(name, how, act) {
  console.log(`\n▸ ${name}  (${how})`);
  crowd?.lap();
  const started = performance.now();
  const remark = await act();
  const milliseconds = performance.now() - started;
  await crowd?.more(REQUESTS_AFTER_STEP);
  const { answered, failed, errors } = crowd?.lap() ?? { answered: 0, failed: 0, errors: [] };
  rows.push({ step: name, milliseconds, answered, failed, remark });
  const cost = crowd === null ? '' : `, ${answered.toLocaleString('en')} requests answered, ${failed} failed`;
  console.log(`  ${formatSeconds(milliseconds)}${cost}${errors.length === 0 ? '' : ` (${errors.join(', ')})`}`);
}

async function sumUp() {
  const { answered, failed, versions } = await crowd.stop();
  const milliseconds = rows.reduce((sum, row) => sum + row.milliseconds, 0);
  const remark = `versions seen: ${versions.join(', ')}`;
  console.log(`\n${formatTable([...rows, { step: 'all in all', milliseconds, answered, failed, remark }])}\n`);
  if (failed > 0) throw new Error(`${failed} requests failed`);
}

async function expectExit(code, ...args) {
  const result = await stage.evenkeel(...args);
  if (result.code === code) return result;
  throw new Error(`evenkeel ${args.join(' ')}: exit code ${result.code}\n${result.stdout}${result.stderr}`);
}

async function expectApps(expected) {
  const { apps } = await stage.status();
  const found = Object.fromEntries(apps.map(({ name, ready }) => [name, ready]));
  const differs = Object.keys({ ...expected, ...found }).some((name) => expected[name] !== found[name]);
  if (differs) throw new Error(`ready workers: expected ${JSON.stringify(expected)}, found ${JSON.stringify(found)}`);
}

async function expectSameWorkers(before) {
  const pids = ({ apps }) => JSON.stringify(apps.map(({ workers }) => workers.map(({ pid }) => pid)));
  const after = await stage.status();
  if (pids(after) !== pids(before)) throw new Error(`workers changed: ${pids(before)} before, ${pids(after)} after`);
}

function show(text) {
  for (const line of text.trimEnd().split('\n')) console.log(`  │ ${line}`);
}

function whenInterrupted() {
  return new Promise((_resolve, reject) => {
    interrupted.signal.addEventListener('abort', () => reject(new Error('interrupted')));
  });
}
