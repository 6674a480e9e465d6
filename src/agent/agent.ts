// Puts the parts of the agent together and carries out what the cluster process commands. (worker)

import type { AgentBoot, AgentCommand, AgentMetrics } from '../protocol/agent-link.ts';
import { AppListeners } from './app-listeners.ts';
import { Connections } from './connections.ts';
import { Drain } from './drain.ts';
import { Http2Sessions } from './http2.ts';
import { Link } from './link.ts';
import { allowNaturalEnd } from './natural-end.ts';
import { surviveBrokenPipes, surviveDisconnect, surviveLostChannel } from './orphan.ts';
import { probe } from './probe.ts';
import { isHttp2, isTls } from './server-kind.ts';
import { Servers } from './servers.ts';
import { replaceOnUncaught } from './uncaught.ts';

export function startAgent(boot: AgentBoot): void {
  const app = new AppListeners(boot.stopSignal);
  const connections = new Connections();
  const http2 = new Http2Sessions(() => connections.requestFinished());
  const link = new Link(boot, {
    onCommand: (command) => obey(command),
    onAdopted: () => drain.reportAgain(),
  });
  const send = link.send.bind(link);
  const servers = new Servers(boot, {
    send,
    onServer: (server) => {
      if (isTls(server)) server.prependListener('secureConnection', (socket) => connections.secured(socket));
      if (isHttp2(server)) http2.watch(server);
    },
  });
  const exit = (): never => process.exit();
  const drain = new Drain({ servers, connections, http2, app, send, exit });

  function obey(command: AgentCommand): void {
    switch (command.type) {
      case 'open':
        return servers.openGate();
      case 'probe':
        return probe(servers.firstHttp(), command, (answer) => send({ type: 'probed', id: command.id, ...answer }));
      case 'metrics':
        return send({ type: 'metrics', id: command.id, metrics: measure(connections) });
      case 'drain':
        return drain.begin(command.timeout, command.patience);
      case 'report':
        return drain.report();
    }
  }

  surviveDisconnect();
  surviveBrokenPipes();
  surviveLostChannel(() => link.isOrphan);
  allowNaturalEnd();
  connections.watch();
  servers.install();
  if (boot.onUncaught === 'replace') {
    replaceOnUncaught({
      askReplacement: (reason) => send({ type: 'replace-me', reason }),
      drain: (timeout) => drain.begin(timeout, Number.POSITIVE_INFINITY),
    });
  }
}

function measure(connections: Connections): AgentMetrics {
  const { user, system } = process.cpuUsage();
  return {
    rss: process.memoryUsage.rss(),
    cpuMicros: user + system,
    connections: connections.open,
    requests: connections.finished,
  };
}
