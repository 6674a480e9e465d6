// Pure: what the keys of a PM2 config are here, for the hint at one that is unknown. (config loader)

const GONE = 'leave it out: there is nothing like it here';
const UNWATCHED = 'leave it out: files are not watched; `evenkeel deploy APP` brings new code in';

/** By PM2's names, also the other ones that it takes. A key alone: that is what it is called here. */
const HINTS: Readonly<Record<string, string>> = {
  name: 'an app is called like its key: apps: { NAME: { script: server.js } }',
  exec: '`script`',
  instances: '`workers`',
  exec_mode: 'leave it out: the workers of an app share its ports in any case',
  ...alike(['node_args', 'interpreter_args'], '`node.args`'),
  ...alike(['interpreter', 'exec_interpreter'], '`node.bin` for another Node, `command` for any other program'),
  source_map_support: 'write node: { args: [--enable-source-maps] }',
  port: 'write env: { PORT: 3000 }; listen: [3000] holds the port for the app',
  filter_env: '`inheritEnv`, the list of what is taken over',
  ...alike(['uid', 'gid', 'username'], '`user`'),
  ...alike(['instance_var', 'increment_var'], 'leave it out: a worker finds its number in EVENKEEL_WORKER'),

  max_memory_restart: '`restart.memory`',
  ...alike(['cron_restart', 'cron'], '`restart.schedule`'),
  max_restarts: '`restart.limit`',
  min_uptime: '`restart.resetAfter`',
  ...alike(
    ['restart_delay', 'exp_backoff_restart_delay'],
    '`restart.minDelay`, which doubles up to `restart.maxDelay`',
  ),
  ...alike(
    ['autorestart', 'stop_exit_codes'],
    'leave it out: a worker that ends comes back; `restart.limit` bounds that',
  ),

  wait_ready: 'write ready: { on: message }',
  listen_timeout: '`ready.timeout`',
  kill_timeout: '`stop.timeout`',
  shutdown_with_message: 'leave it out: a worker gets the message "shutdown" in any case',

  ...alike(['out_file', 'out', 'output', 'out_log'], '`logs.stdout`'),
  ...alike(['error_file', 'error', 'err', 'err_file', 'err_log'], '`logs.stderr`'),
  ...alike(['log_file', 'log'], '`logs.stdout` and `logs.stderr`, which may be the same file'),
  ...alike(['log_date_format', 'time'], '`logs.timestamps`: true or false'),
  ...alike(['merge_logs', 'combine_logs'], 'leave it out: the workers of an app write to one file in any case'),
  disable_logs: 'write logs: { stdout: null, stderr: null }',
  pid_file: 'leave it out: `evenkeel status --json` has the pids',

  ...alike(['watch', 'ignore_watch', 'watch_delay', 'watch_options'], UNWATCHED),
  ...alike(['namespace', 'append_env_to_name', 'autostart', 'force', 'vizion', 'automation', 'pmx', 'treekill'], GONE),
  ...alike(['log_type', 'kill_retry_time', 'post_update', 'trace', 'disable_trace', 'io'], GONE),
};

const FOLDED = new Map(Object.entries(HINTS).map(([key, hint]) => [fold(key), hint]));

/** `key`: unknown in an app; also as the CLI and the API of PM2 write it: `max-restarts`, `maxRestarts`. null: not PM2's. */
export function hintForPm2Key(key: string): string | null {
  const [, profile] = /^env_(\S+)$/.exec(key) ?? [];
  if (profile !== undefined) {
    return `write profiles: { ${profile}: { apps: { NAME: { env: … } } } }, chosen with --profile ${profile}`;
  }
  const hint = FOLDED.get(fold(key));
  return hint?.startsWith('`') ? `here it is ${hint}` : (hint ?? null);
}

function alike(keys: readonly string[], hint: string): Readonly<Record<string, string>> {
  return Object.fromEntries(keys.map((key) => [key, hint]));
}

function fold(key: string): string {
  return key.replace(/[_-]/g, '').toLowerCase();
}
