// The app's servers: every server.listen of the process passes through here. A call for a declared address gets the
// inherited socket, any other goes on to Node (where node:cluster shares the port); either may be held by the gate. (worker)

import { Server } from 'node:net';
import { formatAddress, type ListenAddress } from '../core/spec.ts';
import type { PassableSocket } from '../platform/pass-sockets.ts';
import type { AgentBoot, AgentMessage, AppFolder } from '../protocol/agent-link.ts';
import { deafen } from './deafen.ts';
import { DeclaredSocket } from './declared-socket.ts';
import { ExclusiveListen } from './exclusive-listen.ts';
import { Gate } from './gate.ts';
import { type ListenRequest, readListenArguments } from './listen-arguments.ts';
import { correctClusterErrors, failListen, refusal, rememberCall } from './listen-error.ts';
import { type AddressMatch, matchAddress } from './match-address.ts';
import { handleOf } from './server-handle.ts';
import { kindOf, speaksHttp } from './server-kind.ts';
import { isSamePath } from './socket-path.ts';

export interface ServersPorts {
  send(message: AgentMessage): void;
  /** A server is about to listen for the first time. Once for each. */
  onServer(server: Server): void;
  /** One listens on a unix socket. */
  onPath(path: string, server: Server): void;
  /** The app has closed it, and not for the drain: then others may listen where it did. */
  onClosed(server: Server): void;
}

/** What becomes of a call: `socket` null: Node's own listen does it. */
interface Route {
  readonly socket: DeclaredSocket | null;
  readonly args: readonly unknown[];
}

export class Servers {
  readonly #ports: ServersPorts;
  readonly #sockets: readonly DeclaredSocket[];
  readonly #folder: AppFolder;
  readonly #gate: Gate;
  readonly #exclusive: ExclusiveListen;
  readonly #undeclared: AgentBoot['undeclared'];
  /** In the order in which the app made them known. */
  readonly #known = new Map<Server, { readonly declared: boolean }>();
  /** Undeclared ones, of those that listen. */
  readonly #addresses = new Map<Server, string>();
  readonly #introduced = new WeakSet<Server>();
  /** The listener for 'listening' of a call that has not been answered yet. */
  readonly #pending = new WeakMap<Server, () => void>();
  #listenPlainly: (server: Server, args: readonly unknown[]) => void = () => {};
  #state: 'serving' | 'stopped' = 'serving';

  constructor(boot: AgentBoot, ports: ServersPorts) {
    this.#ports = ports;
    this.#sockets = boot.listen.map(({ address, fd }) => new DeclaredSocket(address, fd));
    this.#folder = boot.folder;
    this.#gate = new Gate(boot.gate);
    this.#exclusive = new ExclusiveListen(boot.slot);
    this.#undeclared = boot.undeclared;
  }

  install(): void {
    const original: unknown = Reflect.get(Server.prototype, 'listen');
    if (typeof original !== 'function') throw new Error('Internal error: net.Server has no listen');
    this.#listenPlainly = (server, args) => Reflect.apply(original, server, args);
    const onListen = (server: Server, args: readonly unknown[]): void => this.#listen(server, args);
    this.#exclusive.install();
    correctClusterErrors();
    Reflect.set(Server.prototype, 'listen', function listen(this: Server, ...args: unknown[]): Server {
      rememberCall(this, listen);
      onListen(this, args);
      return this;
    });
  }

  /** The declared sockets that this worker has, whether the app listens on them or not. */
  passable(): readonly PassableSocket[] {
    return this.#sockets.flatMap(({ text, fd }) => (fd === null ? [] : [{ address: text, fd }]));
  }

  openGate(): void {
    this.#gate.open();
  }

  /** The server that a probe asks: the first that speaks HTTP, those on declared sockets before others. */
  firstHttp(): Server | null {
    const http = [...this.#known].filter(([server]) => speaksHttp(kindOf(server)));
    return (http.find(([, { declared }]) => declared) ?? http[0])?.[0] ?? null;
  }

  /** Nothing is accepted from now on, nor ever again. True: node:cluster may have connections for us on their way. */
  stop(): boolean {
    this.#state = 'stopped';
    this.#gate.abandon();
    for (const socket of this.#sockets) socket.retire();
    return [...this.#known.keys()].map(deafen).includes('round-robin');
  }

  #listen(server: Server, args: readonly unknown[]): void {
    // A worker that drains has nothing to listen for; an error would make its last seconds look like a fault.
    if (this.#state === 'stopped') return;
    const request = readListenArguments(args);
    // A server that has a handle listens already: Node says so.
    if (request === null || handleOf(server) !== null) {
      this.#learn(server, null);
      return this.#proceed(server, null, { socket: null, args });
    }
    const match = this.#match(request);
    const socket = this.#socketOf(match);
    const isUndeclared = match.kind === 'none' && this.#undeclared === 'refused';
    if (match.kind === 'narrower') return this.#refuse(server, request, narrower(request, match.address));
    if (isUndeclared && !isAnyPort(request)) return this.#refuse(server, request, undeclared(request));
    this.#learn(server, socket);
    if (isUndeclared) return this.#proceed(server, request, { socket, args });
    const { callback } = request;
    const held = this.#gate.hold(server, () => {
      this.#proceed(server, request, { socket, args: args.filter((argument) => argument !== callback) });
    });
    if (!held) return this.#proceed(server, request, { socket, args });
    if (callback !== null) server.once('listening', callback);
    this.#ports.send({ type: 'held', address: socket?.text ?? describeRequest(request) });
  }

  #proceed(server: Server, request: ListenRequest | null, { socket, args }: Route): void {
    if (this.#state === 'stopped') return;
    this.#report(server, socket, request !== null && !isAnyPort(request));
    this.#exclusive.mark(server, request?.exclusive === true);
    if (socket === null || request === null) return this.#listenPlainly(server, shareable(request, args));
    if (request.callback !== null && args.includes(request.callback)) server.once('listening', request.callback);
    socket.listen(server, request);
  }

  #learn(server: Server, socket: DeclaredSocket | null): void {
    this.#known.set(server, { declared: socket !== null });
    if (this.#introduced.has(server)) return;
    this.#introduced.add(server);
    this.#ports.onServer(server);
    // An app may close a server and listen again before it hears of the close.
    server.on('close', () => {
      if (handleOf(server) !== null) return;
      this.#known.delete(server);
      this.#forgetAddress(server);
    });
  }

  /** A drain closes servers only because another worker has them: what the app has closed before, it may have given up. */
  #forgetAddress(server: Server): void {
    if (this.#state === 'stopped') return;
    this.#ports.onClosed(server);
    const address = this.#addresses.get(server);
    if (address !== undefined) this.#ports.send({ type: 'closed', address });
    this.#addresses.delete(server);
  }

  #report(server: Server, socket: DeclaredSocket | null, named: boolean): void {
    const earlier = this.#pending.get(server);
    if (earlier !== undefined) server.off('listening', earlier);
    const report = (): void => {
      this.#pending.delete(server);
      // Asked for before the drain began, granted after.
      if (this.#state === 'stopped') return void deafen(server);
      this.#forgetAddress(server);
      const path = server.address();
      if (typeof path === 'string') this.#ports.onPath(path, server);
      const address = describeServer(server);
      if (socket === null) this.#addresses.set(server, address);
      this.#ports.send({ type: 'listening', address, declared: socket?.text ?? null, named });
    };
    this.#pending.set(server, report);
    server.once('listening', report);
  }

  /** What it listens on besides does not make it ready: the app may be about to end. */
  #refuse(server: Server, request: ListenRequest, reason: string): void {
    this.#ports.send({ type: 'refused', reason });
    failListen(server, refusal(server, reason, request));
  }

  #match(request: ListenRequest): AddressMatch {
    const addresses = this.#sockets.map(({ address }) => address);
    return matchAddress(request, addresses, (one, other) => isSamePath(one, other, this.#folder));
  }

  #socketOf(match: AddressMatch): DeclaredSocket | null {
    if (match.kind !== 'declared') return null;
    return this.#sockets.find(({ address }) => address === match.address) ?? null;
  }
}

function narrower(request: ListenRequest, address: ListenAddress): string {
  const [asked, declared] = [describeRequest(request), formatAddress(address)];
  return (
    `The app listens on ${asked}, but its config declares "listen: ${declared}", which is reachable from more ` +
    `places. Declare "${asked}" in the config, or let the app listen on port ${declared} without a host.`
  );
}

/** Nobody but the app itself knows which port it got, so nobody misses it. */
function isAnyPort(request: ListenRequest): boolean {
  return request.kind === 'tcp' && request.port === 0;
}

function undeclared(request: ListenRequest): string {
  const asked = describeRequest(request);
  return (
    `The app listens on ${asked}, which its config does not declare, and deploys it by handover: between the old workers ` +
    `and the new ones ${asked} would refuse connections. Add "${asked}" to \`listen\` in the config.`
  );
}

/**
 * With SO_REUSEPORT each worker has a queue of its own in the kernel, and what waits there is lost when the worker
 * stops listening. What is exclusive the next generation could not have while this one serves (exclusive-listen.ts). Workers
 * share the port anyway; but one that asks for any exclusively wants a port of its own.
 */
function shareable(request: ListenRequest | null, args: readonly unknown[]): readonly unknown[] {
  const [options, ...rest] = args;
  if (request === null || typeof options !== 'object') return args;
  const exclusive = request.exclusive && isAnyPort(request);
  return request.reusePort || request.exclusive ? [{ ...options, reusePort: false, exclusive }, ...rest] : args;
}

function describeRequest(request: ListenRequest): string {
  if (request.kind === 'unix') return request.path;
  return formatAddress({ kind: 'tcp', host: request.host, port: request.port });
}

function describeServer(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === 'string') return address ?? '';
  const isEvery = address.address === '::' || address.address === '0.0.0.0';
  return formatAddress({ kind: 'tcp', host: isEvery ? null : address.address, port: address.port });
}
