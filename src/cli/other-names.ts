// CLI: what other tools call things, PM2 before all, and what it is here. For hints alone: nothing of it is a command.

const STATUS = 'Did you mean `evenkeel status`?';
const ONE = 'Did you mean `evenkeel status APP`?';
const WATCH = 'Did you mean `evenkeel status --watch`?';
const STOP = 'Did you mean `evenkeel stop`?';
const DEPLOY = 'Did you mean `evenkeel deploy APP`, which replaces the code without a gap?';
const REMOVE =
  'Take the app out of the config, then `evenkeel reload`. One of `start SCRIPT`: `evenkeel stop APP --forget`.';
const NOT_SAVED =
  'Nothing has to be saved: what is to run is in the config, and `evenkeel start` brings it up, also after a crash.';
const BOOT = '`evenkeel start` in a unit of systemd: docs/systemd.md of the package has one.';
const LOGS = 'Logs are rotated by themselves (`logs.maxSize`, `logs.keep`); `evenkeel logs` shows them.';
const NONE = 'There is nothing like it here; docs/from-pm2.md of the package says what there is.';

/** By the word in the place of a command. */
const COMMANDS: Readonly<Record<string, string>> = {
  ...{ list: STATUS, ls: STATUS, l: STATUS, ps: STATUS, prettylist: STATUS, id: STATUS, pid: STATUS },
  jlist: 'Did you mean `evenkeel status --json`?',
  ...{ describe: ONE, desc: ONE, show: ONE, info: ONE, inspect: ONE },
  ...{ monit: WATCH, imonit: WATCH, dash: WATCH, dashboard: WATCH, top: WATCH },
  up: 'Did you mean `evenkeel start`?',
  ...{ down: STOP, kill: STOP },
  ...{ delete: REMOVE, del: REMOVE, remove: REMOVE, rm: REMOVE },
  ...{ gracefulReload: DEPLOY, softReload: DEPLOY, startOrReload: DEPLOY, startOrRestart: DEPLOY },
  ...{ save: NOT_SAVED, dump: NOT_SAVED, cleardump: NOT_SAVED, resurrect: NOT_SAVED },
  ...{ startup: BOOT, unstartup: BOOT },
  ...{ flush: LOGS, reloadLogs: LOGS },
  sendSignal: 'Did you mean `evenkeel signal APP SIGNAL`?',
  env: 'Did you mean `evenkeel history APP --show-env`?',
  ecosystem: 'Did you mean `evenkeel init`?',
  ...{ update: '`evenkeel version` says whether the manager is an older one, and how it is replaced.' },
  ...{ serve: NONE, install: NONE, link: NONE, set: NONE, watch: NONE, trigger: NONE, reset: NONE, attach: NONE },
};

/** null: nobody calls anything so. */
export function hintForCommand(word: string): string | null {
  return Object.hasOwn(COMMANDS, word) ? (COMMANDS[word] ?? null) : null;
}

/** By the option of PM2: the one of ours, of a command that has it. */
const OPTIONS: Readonly<Record<string, string>> = {
  ...{ '-i': '--workers', '--instances': '--workers', '-n': '--name' },
  ...{ '-o': '--stdout', '--output': '--stdout', '--out': '--stdout' },
  ...{ '-e': '--stderr', '--error': '--stderr', '--err': '--stderr' },
  ...{ '--update-env': '--shell-env', '--no-daemon': '--foreground', '--interpreter-args': '--node-args' },
};

/** `known`: the options of the command. null: none of them is called so. */
export function optionFor(word: string, known: readonly string[]): string | null {
  const ours = Object.hasOwn(OPTIONS, word) ? OPTIONS[word] : undefined;
  return ours !== undefined && known.includes(ours) ? ours : null;
}

/** For a command that takes no names, and got some. */
export function hintForNames(command: string, name: string): string | null {
  if (command !== 'reload') return null;
  const deploy = name === 'all' ? '`evenkeel deploy --all`' : `\`evenkeel deploy ${name}\``;
  return `A reload takes no names: it applies what differs in the config. New code is deployed: ${deploy}.`;
}
