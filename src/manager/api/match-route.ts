// Manager, pure: finds the route of a request's method and path.

import { EvenkeelError } from '../../core/errors.ts';
import { ROUTES } from '../../protocol/control-api.ts';

export type RouteName = keyof typeof ROUTES;

export interface Match {
  readonly name: RouteName;
  /** The `:app` of the path, decoded; '' where it has none. */
  readonly app: string;
}

interface Pattern {
  readonly name: RouteName;
  readonly method: string;
  readonly parts: readonly string[];
}

const PATTERNS: readonly Pattern[] = Object.entries(ROUTES).map(([name, route]) => {
  const [method = '', path = ''] = route.split(' ');
  if (!isRouteName(name)) throw new Error(`Internal error: ${name} is no route`);
  return { name, method, parts: path.split('/') };
});

/** Throws NOT_FOUND or METHOD_NOT_ALLOWED. */
export function matchRoute(method: string, path: string): Match {
  const parts = path.split('/');
  const matching = PATTERNS.filter((pattern) => fits(pattern.parts, parts));
  if (matching.length === 0) {
    throw new EvenkeelError('NOT_FOUND', `the control API has no ${path}`, {
      hint: 'The routes begin with /v1; docs/control-api.md lists them.',
    });
  }
  const found = matching.find((pattern) => pattern.method === method);
  if (found === undefined) {
    const methods = matching.map((pattern) => pattern.method).join(' or ');
    throw new EvenkeelError('METHOD_NOT_ALLOWED', `${path} takes ${methods}, not ${method}`);
  }
  const position = found.parts.indexOf(':app');
  return { name: found.name, app: position < 0 ? '' : decode(parts[position] ?? '') };
}

function fits(pattern: readonly string[], parts: readonly string[]): boolean {
  if (pattern.length !== parts.length) return false;
  return pattern.every((part, index) => (part === ':app' ? parts[index] !== '' : part === parts[index]));
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new EvenkeelError('BAD_REQUEST', `${part} is not URL-encoded`);
  }
}

function isRouteName(name: string): name is RouteName {
  return Object.hasOwn(ROUTES, name);
}
