// CLI, pure: the config that `evenkeel init` writes.

/** `script`: relative to the config; null: there is no program yet, and the app is only an example in comments. */
export function starterConfig(script: string | null): string {
  const app = appLines(script ?? 'server.js');
  const apps = script === null ? ['apps: {}', ...app.map((line) => `#${line}`)] : ['apps:', ...app];
  return `${[...HEAD, ...apps].join('\n')}\n`;
}

const HEAD = [
  '# The apps that evenkeel keeps running, and how. `evenkeel check` validates this file, `evenkeel plan` shows what',
  '# a change of it would do, `evenkeel reload` does that without losing a request. Commit it to the repository.',
  '# yaml-language-server: $schema=node_modules/evenkeel/schemas/evenkeel.schema.json',
  '',
];

/** Set is what most apps want to decide; in comments is what they may want, with its default. */
function appLines(script: string): readonly string[] {
  return [
    '  web:',
    `    script: ${JSON.stringify(script)}   # a Node program; for any other: command: [gunicorn, "app:app"]`,
    '    workers: 1            # a number, "max" (one for each CPU), "max-1" or "50%"',
    '    env:',
    '      NODE_ENV: production',
    '      # PORT: 3000',
    `      # DB: "\${DB_URL}"                     from the environment of the manager`,
    '      # KEY: { file: /run/secrets/key }     from a file',
    '    # listen: [3000]      # ports that never refuse a connection, even when every worker is down',
    '    # ready: { on: listening, timeout: 30s }             # or message, http, tcp, log, delay',
    '    # health: { http: /healthz, interval: 10s }          # a worker that fails it is replaced gracefully',
    '    # stop: { signal: SIGTERM, timeout: 30s }            # how long a worker may take to finish its requests',
    '    # restart: { memory: 512M, schedule: "0 4 * * *" }   # replaces workers one at a time',
    '    # deploy: { strategy: all-at-once, before: [[npm, run, migrate]] }',
    '    # logs: { stdout: logs/web.out.log, stderr: logs/web.err.log, maxSize: 10M, keep: 10 }',
  ];
}
