// Puts the parts of the agent together and carries out what the cluster process commands. (worker)

import { offerSockets } from '../platform/pass-sockets.ts';
import { type AgentBoot, type AgentCommand, type AgentMetrics, DRAIN_SIGNAL } from '../protocol/agent-link.ts';
import { AppListeners } from './app-listeners.ts';
import { Connections } from './connections.ts';
import { CurrentRequest } from './current-request.ts';
import { Drain } from './drain.ts';
import { Http2Sessions } from './http2.ts';
import { Link } from './link.ts';
import { allowNaturalEnd } from './natural-end.ts';
import { holdDisconnect, surviveBrokenPipes, surviveDisconnect, surviveLostChannel } from './orphan.ts';
import { probe } from './probe.ts';
import { Resources } from './resources.ts';
import { isHttp2, isTls, kindOf, speaksHttp } from './server-kind.ts';
import { Servers } from './servers.ts';
import { shorten } from './short-text.ts';
import { SocketFiles } from './socket-files.ts';
import { namesOf } from './socket-path.ts';
import { UncaughtExceptions } from './uncaught.ts';
import { hearWorkerCalls } from './worker-calls.ts';

export function startAgent(boot: AgentBoot): void {
  const app = new AppListeners(boot.stopSignal);
  const connections = new Connections();
  const http2 = new Http2Sessions(() => connections.requestFinished());
  const link: Link = new Link(boot, {
    onCommand: (command) => obey(command),
    onAdopted() {
      drain.reportAgain();
      resources.askAgain();
      uncaught?.announceAgain();
    },
    onDenied() {
      process.off(DRAIN_SIGNAL, drainBySignal).on(DRAIN_SIGNAL, drainBySignal);
    },
    sockets: () => servers.passable().map(({ address }) => address),
  });
  const send = link.send.bind(link);
  const resources = new Resources(send);
  const current = boot.onUncaught === 'replace' ? new CurrentRequest(connections) : null;
  const socketFiles = new SocketFiles(
    boot.listen.flatMap(({ address }) => (address.kind === 'unix' ? namesOf(address.path, boot.folder) : [])),
  );
  const servers: Servers = new Servers(boot, {
    send,
    onPath: (path, server) => socketFiles.listensOn(path, server),
    onClosed: (server) => socketFiles.closed(server),
    onServer(server) {
      if (speaksHttp(kindOf(server))) current?.watchServer(server);
      if (isTls(server)) server.prependListener('secureConnection', (socket) => connections.secured(socket));
      if (isHttp2(server)) http2.watch(server);
    },
  });
  const exit = (): never => {
    // What a listener of the app throws takes its ordinary way, and keeps the worker from nothing.
    setImmediate(() => process.exit());
    disconnect.release();
    process.exit();
  };
  const drain = new Drain({ servers, connections, http2, app, resources, send, exit });
  const uncaught = current === null ? null : replaceOnUncaught(current);

  function replaceOnUncaught(culprit: CurrentRequest): UncaughtExceptions {
    http2.onStream = (stream) => culprit.enterStream(stream);
    return new UncaughtExceptions({
      announce: (reason) => send({ type: 'uncaught', reason }),
      isOrphan: () => link.isOrphan,
      cutCulprit: () => culprit.cut(),
      drain: (timeout) => drain.begin(timeout),
    });
  }

  function obey(command: AgentCommand): void {
    switch (command.type) {
      case 'open':
        return servers.openGate();
      case 'probe':
        return probe(servers.firstHttp(), command, (answer) => send({ type: 'probed', id: command.id, ...answer }));
      case 'metrics':
        return send({ type: 'metrics', id: command.id, metrics: measure(connections) });
      case 'grant':
        return resources.grant(command.resource);
      case 'drain':
        return drain.begin(command.timeout);
      case 'report':
        return drain.report();
      case 'offer-sockets':
        return passOn(command.addresses);
    }
  }

  function drainBySignal(): void {
    drain.begin(boot.stopTimeout);
  }

  function passOn(addresses: readonly string[]): void {
    const find = (asked: readonly string[]) => servers.passable().filter(({ address }) => asked.includes(address));
    // The cluster process notices by itself that they do not come.
    offerSockets(boot.reconnectPath, addresses, find, new AbortController().signal).catch(() => {});
  }

  const disconnect = holdDisconnect(() => link.isOrphan);
  surviveDisconnect();
  surviveBrokenPipes();
  surviveLostChannel(() => link.isOrphan);
  allowNaturalEnd();
  connections.watch();
  current?.watch();
  uncaught?.watch();
  servers.install();
  socketFiles.install();
  hearWorkerCalls({
    ready: () => send({ type: 'ready' }),
    onShutdown: (task) => app.onShutdown(task),
    requestReplacement: (reason) => send({ type: 'replace-me', reason: shorten(reason ?? '') || ASKED }),
    readyFor: (resource, task) => resources.readyFor(resource, task),
    onTakedown: (resource, task) => resources.onTakedown(resource, task),
  });
}

const ASKED = 'it asked for its replacement';

function measure(connections: Connections): AgentMetrics {
  const { user, system } = process.cpuUsage();
  return {
    rss: process.memoryUsage.rss(),
    cpuMicros: user + system,
    connections: connections.open,
    requests: connections.finished,
  };
}
