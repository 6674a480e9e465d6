// Pure: the formats that the schema names: what a text has to look like, and what to say when it does not.
// A test proves that each format of the schema is here. (config loader)

import { constants } from 'node:os';
import { cronProblem } from '../core/cron.ts';
import { nearest } from './did-you-mean.ts';
import { isTemplate } from './interpolate.ts';
import { parseAddress } from './parse-address.ts';
import { parseDuration } from './parse-duration.ts';
import { parseSize } from './parse-size.ts';
import { parseWorkers } from './parse-workers.ts';

export interface FormatFault {
  /** Follows the text in quotes: "is not a duration". */
  readonly message: string;
  readonly hint: string;
}

export type Format = (text: string) => FormatFault | null;

const APP_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

export const FORMATS: ReadonlyMap<string, Format> = new Map<string, Format>([
  ['duration', checkDuration],
  ['positive-duration', checkPositiveDuration],
  ['size', checkSize],
  ['workers', unless(isWorkers, 'is not a number of workers', 'write a number, "max", "max-1" or "50%"')],
  ['address', checkAddress],
  ['cron', checkCron],
  ['signal', checkSignal],
  ['user', unless(isUser, 'is not a user', 'write "www-data", or "www-data:adm" for that group and no other')],
  ['pattern', checkPattern],
  ['http-target', checkHttpTarget],
  [
    'env-name',
    unless(isEnvName, 'cannot be the name of a variable', 'a name has neither "=" nor a NUL, and is not empty'),
  ],
  [
    'app-name',
    unless(
      isAppName,
      'is not a name for an app',
      'use letters, digits, ".", "_" and "-", at most 64, and begin with a letter or a digit',
    ),
  ],
]);

/** Texts that still have variables in them are checked when these are filled in. */
export const FORMAT_CHECKS: Readonly<Record<string, (text: string) => boolean>> = Object.fromEntries(
  [...FORMATS].map(([name, faultOf]) => [name, (text: string) => isTemplate(text) || faultOf(text) === null]),
);

function unless(accepts: (text: string) => boolean, message: string, hint: string): Format {
  return (text) => (accepts(text) ? null : { message, hint });
}

function isWorkers(text: string): boolean {
  return parseWorkers(text, 1) !== null;
}

function isEnvName(text: string): boolean {
  return /^[^=\0]+$/.test(text);
}

function isUser(text: string): boolean {
  return /^[^\s:]+(:[^\s:]+)?$/.test(text);
}

function isAppName(text: string): boolean {
  return APP_NAME.test(text);
}

function checkDuration(text: string): FormatFault | null {
  if (parseDuration(text) !== null) return null;
  if (/^\d+(\.\d+)?$/.test(text)) {
    return {
      message: 'is not a duration: it has no unit',
      hint: 'write "30s" or "30ms"; a plain number, without quotes, is milliseconds',
    };
  }
  if (/^\d+(\.\d+)?\s?(ms|s|m|h|d)$/.test(text)) {
    return { message: 'is too long', hint: 'a duration is at most 24 days' };
  }
  return {
    message: 'is not a duration',
    hint: 'write "500ms", "30s", "5m", "2h", "1d", or milliseconds as a plain number',
  };
}

function checkPositiveDuration(text: string): FormatFault | null {
  if (parseDuration(text) !== 0) return checkDuration(text);
  return { message: 'is no time at all', hint: 'write at least "1ms"' };
}

function checkSize(text: string): FormatFault | null {
  const size = parseSize(text);
  if (size === 0) return { message: 'is nothing', hint: 'write null for no limit' };
  if (size !== null) return null;
  return { message: 'is not a size', hint: 'write "512K", "10M", "1G", or bytes as a plain number' };
}

function checkAddress(text: string): FormatFault | null {
  if (parseAddress(text, '/') !== null) return null;
  if (/^\d+$/.test(text) || /:\d+$/.test(text)) {
    const port = Number(/\d+$/.exec(text)?.[0]);
    if (port < 1 || port > 65_535) return { message: 'has no such port', hint: 'a port is between 1 and 65535' };
  }
  return {
    message: 'is not an address',
    hint: 'write 3000, "127.0.0.1:3000", "[::1]:3000", or a path such as "./app.sock"',
  };
}

function checkCron(text: string): FormatFault | null {
  const problem = cronProblem(text);
  if (problem === null) return null;
  return {
    message: `is not a cron pattern: ${problem}`,
    hint: 'write "minute hour day month weekday", such as "0 4 * * *" for 4:00 every day',
  };
}

function checkSignal(text: string): FormatFault | null {
  const known = Object.keys(constants.signals).filter((name) => name !== 'SIGKILL' && name !== 'SIGSTOP');
  if (known.includes(text)) return null;
  if (Object.hasOwn(constants.signals, text)) {
    return {
      message: 'cannot be handled by an app',
      hint: 'write SIGTERM; for no grace at all, set stop.timeout to 0',
    };
  }
  const name = text.toUpperCase().replace(/^SIG/, '');
  // All begin alike: what tells them apart is what follows, and only that may be a slip.
  const meant = nearest(
    name,
    known.map((signal) => signal.slice('SIG'.length)),
  );
  const hint = meant === null ? 'write a name such as SIGTERM, SIGINT or SIGUSR2' : `did you mean "SIG${meant}"?`;
  return { message: 'is not a signal', hint: known.includes(`SIG${name}`) ? `write "SIG${name}"` : hint };
}

function checkPattern(text: string): FormatFault | null {
  try {
    new RegExp(text);
    return null;
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^.*\/: /s, '') : String(error);
    return {
      message: `is not a regular expression: ${reason}`,
      hint: 'write it as in JavaScript, without slashes around it',
    };
  }
}

function checkHttpTarget(text: string): FormatFault | null {
  const isPath = /^\/[!-~]*$/.test(text);
  const isUrl = /^https?:\/\/[!-~]+$/.test(text) && URL.canParse(text);
  if (isPath || isUrl) return null;
  const couldBeEncoded = /^\/\S*$/.test(text) || URL.canParse(text);
  return couldBeEncoded
    ? { message: 'has characters that a path cannot have', hint: `write ${JSON.stringify(encodeURI(text))}` }
    : { message: 'is neither a path nor a URL', hint: 'write "/healthz" or "http://127.0.0.1:3000/healthz"' };
}
