// Pure: what arrives over the link as a command, or null for anything else. (worker)

import type { AgentCommand } from '../protocol/agent-link.ts';

export function decodeCommand(value: unknown): AgentCommand | null {
  if (typeof value !== 'object' || value === null || !('type' in value)) return null;
  switch (value.type) {
    case 'open':
    case 'report':
      return { type: value.type };
    case 'metrics':
      return hasId(value) ? { type: 'metrics', id: value.id } : null;
    case 'offer-sockets':
      return 'addresses' in value && isTexts(value.addresses) ? { type: value.type, addresses: value.addresses } : null;
    case 'drain':
      return hasTimeout(value) ? { type: 'drain', timeout: value.timeout } : null;
    case 'grant':
      if (!('resource' in value) || typeof value.resource !== 'string') return null;
      return { type: value.type, resource: value.resource };
    case 'probe':
      if (!hasId(value) || !hasTimeout(value) || !('path' in value) || typeof value.path !== 'string') return null;
      return { type: 'probe', id: value.id, path: value.path, status: statusOf(value), timeout: value.timeout };
    default:
      return null;
  }
}

function hasId(value: object): value is { id: number } {
  return 'id' in value && typeof value.id === 'number';
}

function hasTimeout(value: object): value is { timeout: number } {
  return 'timeout' in value && typeof value.timeout === 'number';
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function statusOf(value: object): number | null {
  return 'status' in value && typeof value.status === 'number' ? value.status : null;
}
