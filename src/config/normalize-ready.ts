// Pure: `ready` of an app, with the defaults that depend on the app. What is missing is reported. (config loader)

import type { ListenAddress, Readiness } from '../core/spec.ts';
import type { AppValues } from './app-values.ts';
import type { Report } from './fault.ts';

/** How long an app that is not Node and declares no port has to live. */
const COMMAND_DELAY = 1_000;

export function normalizeReady(app: AppValues, listen: readonly ListenAddress[], report: Report): Readiness {
  const timeout = app.duration('ready.timeout');
  const isCommand = app.has('command') && !app.has('script');
  const on = app.get('ready.on') === undefined ? defaultOn(isCommand, listen) : app.choice('ready.on', WAYS);
  switch (on) {
    case 'listening':
    case 'message':
      return { timeout, on };
    case 'http': {
      const url = app.optionalText('ready.url');
      if (!app.has('ready.url'))
        report(['ready'], '`on: http` needs the key "url"', { hint: 'such as url: /healthz', at: 'key' });
      return { timeout, on, url: url ?? '/', status: app.optionalNumber('ready.status') };
    }
    case 'tcp':
      return { timeout, on, ...tcpTarget(app, listen, report) };
    case 'log': {
      const pattern = app.optionalText('ready.pattern');
      if (!app.has('ready.pattern')) report(['ready'], '`on: log` needs the key "pattern"', { at: 'key' });
      return { timeout, on, pattern: pattern ?? '' };
    }
    case 'delay':
      return { timeout, on, delay: app.get('ready.on') === undefined ? COMMAND_DELAY : app.duration('ready.delay') };
  }
}

export const WAYS = ['listening', 'message', 'http', 'tcp', 'log', 'delay'] as const;

function defaultOn(isCommand: boolean, listen: readonly ListenAddress[]): Readiness['on'] {
  if (!isCommand) return 'listening';
  return listen.some((address) => address.kind === 'tcp') ? 'tcp' : 'delay';
}

function tcpTarget(
  app: AppValues,
  listen: readonly ListenAddress[],
  report: Report,
): { readonly host: string; readonly port: number } {
  const given = app.optionalNumber('ready.port');
  const declared = listen.find((address) => address.kind === 'tcp' && (given === null || address.port === given));
  const [host, port] = declared?.kind === 'tcp' ? [declared.host, declared.port] : [null, given];
  if (port === null && !app.has('ready.port')) {
    report(['ready'], '`on: tcp` needs the key "port"', { hint: 'or a port under `listen`', at: 'key' });
  }
  return { host: app.optionalText('ready.host') ?? reachableHost(host), port: port ?? 1 };
}

/** Where to connect to what listens on `host`. */
function reachableHost(host: string | null): string {
  if (host === null || host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}
