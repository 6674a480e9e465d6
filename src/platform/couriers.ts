// The two short-lived programs that take sockets from one process to another (protocol/socket-passing.ts): Node passes
// them over the IPC channel between parent and child alone, but any connected unix socket can be that channel of a child.
//
// They are text, for `node --eval`: who passes its sockets on may be an orphan, or may have been started long before an
// upgrade, and the files that it came from may be others by now, or gone. Neither listens or accepts, and both end by
// themselves.

/**
 * fd 3: the IPC channel to whom the sockets are for; from 4 on: the sockets. Arguments: milliseconds until it gives up, then
 * the address of each socket.
 */
export const SENDER = `
  // evenkeel: passes declared sockets on
  const [patience, ...addresses] = process.argv.slice(1);
  setTimeout(() => process.exit(1), Number(patience)).unref();
  process.once('disconnect', () => process.exit(1));
  const net = require('node:net');
  // libuv makes what it opens non-blocking, for everybody who has it: it is put back at once, where the system tells.
  const isBlocking = (fd) => {
    try {
      const [, flags] = /^flags:\\s+(\\d+)/m.exec(require('node:fs').readFileSync('/proc/self/fdinfo/' + fd, 'latin1'));
      return (parseInt(flags, 8) & 0o4000) === 0;
    } catch {
      return false;
    }
  };
  const send = (index) => {
    const next = (error) => (error ? process.exit(1) : send(index + 1));
    if (index === addresses.length) {
      return process.send({ evenkeel: 'sockets-sent', count: index }, (error) => process.exit(error ? 1 : 0));
    }
    const blocks = isBlocking(4 + index);
    const handle = net._createServerHandle(null, null, null, 4 + index);
    if (blocks) handle.setBlocking(true);
    process.send({ evenkeel: 'socket', address: addresses[index] }, handle, next);
  };
  send(0);
`;

/**
 * fd 3: the connection to whoever holds the sockets, used as IPC channel; fd 4: the IPC channel to whom they are for, left
 * to the sender that it starts at the end. Arguments: milliseconds until it gives up, the line that asks, SENDER.
 */
export const RECEIVER = `
  // evenkeel: fetches declared sockets
  const [patience, request, sender] = process.argv.slice(1);
  setTimeout(() => process.exit(1), Number(patience)).unref();
  process.once('disconnect', () => process.exit(1));
  const received = [];
  process.on('message', (message, handle) => {
    if (message.evenkeel === 'socket' && handle) received.push([message.address, handle]);
    if (message.evenkeel !== 'sockets-sent') return;
    if (message.count !== received.length) process.exit(1);
    const args = ['--eval', sender, patience, ...received.map(([address]) => address)];
    const stdio = ['ignore', 'ignore', 'ignore', 4, ...received.map(([, { fd }]) => fd)];
    require('node:child_process').spawn(process.execPath, args, { stdio, env: { NODE_CHANNEL_FD: '3' } });
    process.exit(0);
  });
  require('node:fs').writeSync(3, request);
`;

/** A shell that becomes the program, with fd 3 as its IPC channel instead of the one that Node names. */
export const WITH_CHANNEL_3 = ['-c', 'NODE_CHANNEL_FD=3 exec "$0" "$@"'] as const;
