// Pure: addresses that one app gives up and another one is to have, and in which order that goes.

import type { Dependent } from './order.ts';
import type { AppChange, RunningApp } from './plan.ts';
import { type AppSpec, formatAddress } from './spec.ts';

export interface AddressMove {
  /** formatAddress of it. */
  readonly address: string;
  readonly from: string;
  readonly to: string;
}

export function planMoves(running: readonly RunningApp[], desired: readonly AppSpec[]): readonly AddressMove[] {
  const wanted = new Map(desired.map((spec) => [spec.name, textsOf(spec)]));
  const had = new Map(running.map(({ name, spec }) => [name, textsOf(spec)]));
  // One that was stopped stays so, and needs no address.
  const stopped = running.filter(({ spec, down }) => spec === null && down !== true).map(({ name }) => name);
  return desired.flatMap(({ name: to }) => {
    if (stopped.includes(to)) return [];
    const added = (wanted.get(to) ?? []).filter((address) => had.get(to)?.includes(address) !== true);
    return added.flatMap((address) => {
      const from = running.find(({ name }) => name !== to && had.get(name)?.includes(address))?.name;
      return from === undefined || wanted.get(from)?.includes(address) ? [] : [{ address, from, to }];
    });
  });
}

/**
 * Who is to have an address comes after who gives it up: two apps that accept on one socket would answer each other's
 * clients. Where that would go round in a circle, as when two apps swap, one of them comes first all the same.
 */
export function inMovingOrder(apps: readonly Dependent[], moves: readonly AddressMove[]): readonly Dependent[] {
  const after = new Map(apps.map(({ name, dependsOn }) => [name, new Set(dependsOn)]));
  for (const { from, to } of moves) if (!waitsFor(after, from, to)) after.get(to)?.add(from);
  return apps.map(({ name }) => ({ name, dependsOn: [...(after.get(name) ?? [])] }));
}

export function withMoves(change: AppChange, moves: readonly AddressMove[]): AppChange {
  if (change.action === 'none') return change;
  const gives = moves.filter(({ from }) => from === change.app).map(({ address, to }) => `gives ${address} to ${to}`);
  const takes = moves.filter(({ to }) => to === change.app).map(({ address, from }) => `takes ${address} from ${from}`);
  return { ...change, reasons: [...change.reasons, ...gives, ...takes] };
}

function waitsFor(after: ReadonlyMap<string, ReadonlySet<string>>, app: string, other: string): boolean {
  const all = new Set([app]);
  for (const name of all) for (const next of after.get(name) ?? []) all.add(next);
  return all.has(other);
}

function textsOf(spec: AppSpec | null): readonly string[] {
  return spec?.listen.map(formatAddress) ?? [];
}
