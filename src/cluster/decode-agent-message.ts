// Pure: what a worker says over the link of its agent, checked. The agent is ours, but the app shares its process and may
// write anything there. (cluster process)

import type { AgentMessage, AgentMetrics } from '../protocol/agent-link.ts';

/** For what events and history quote. */
const LONGEST_TEXT = 500;

type Fields = Readonly<Record<string, unknown>>;

/** null: not a message of this protocol. */
export function decodeAgentMessage(value: unknown): AgentMessage | null {
  if (typeof value !== 'object' || value === null) return null;
  const fields: Fields = { ...value };
  const { type } = fields;
  switch (type) {
    case 'ready':
      return { type };
    case 'hello':
      return decodeHello(fields);
    case 'offer-sockets':
      if (!isCount(fields.pid) || !isTexts(fields.addresses)) return null;
      return { type, addresses: fields.addresses, pid: fields.pid };
    case 'held':
    case 'closed':
    case 'listening':
      return decodeListening(type, fields);
    case 'replace-me':
    case 'uncaught':
    case 'refused':
      return typeof fields.reason === 'string' ? { type, reason: fields.reason.slice(0, LONGEST_TEXT) } : null;
    case 'ready-for':
      return isName(fields.resource) ? { type, resource: fields.resource } : null;
    case 'probed':
    case 'metrics':
      return isCount(fields.id) ? decodeAnswer(type, fields.id, fields) : null;
    case 'draining':
    case 'drained':
      return decodeDrain(type, fields);
    default:
      return null;
  }
}

function decodeHello(fields: Fields): AgentMessage | null {
  const { app, pid, slot, generation, orphan, startedAt, sockets } = fields;
  if (typeof app !== 'string' || typeof orphan !== 'boolean' || !isTexts(sockets)) return null;
  if (!isCount(pid) || !isCount(slot) || !isCount(generation)) return null;
  if (typeof startedAt !== 'number' || !Number.isFinite(startedAt)) return null;
  return { type: 'hello', app, pid, slot, generation, orphan, startedAt, sockets };
}

function decodeListening(
  type: 'held' | 'closed' | 'listening',
  { address, declared, named }: Fields,
): AgentMessage | null {
  if (typeof address !== 'string') return null;
  if (type !== 'listening') return { type, address };
  if ((declared !== null && typeof declared !== 'string') || typeof named !== 'boolean') return null;
  return { type, address, declared, named };
}

function decodeAnswer(type: 'probed' | 'metrics', id: number, { ok, detail, metrics }: Fields): AgentMessage | null {
  if (type === 'metrics') return isMetrics(metrics) ? { type, id, metrics } : null;
  if (typeof ok !== 'boolean' || typeof detail !== 'string') return null;
  return { type, id, ok, detail: detail.slice(0, LONGEST_TEXT) };
}

function decodeDrain(type: 'draining' | 'drained', { finished, inFlight, open }: Fields): AgentMessage | null {
  if (!isCount(finished)) return null;
  if (type === 'drained') return { type, finished };
  return isCount(inFlight) && isCount(open) ? { type, finished, inFlight, open } : null;
}

function isMetrics(value: unknown): value is AgentMetrics {
  if (typeof value !== 'object' || value === null) return false;
  const { rss, cpuMicros, connections, requests }: Fields = { ...value };
  return [rss, cpuMicros, connections, requests].every(isCount);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((text) => typeof text === 'string');
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length <= LONGEST_TEXT;
}
