import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { freeInspectorPort, inspectorOf } from '../../src/cluster/inspector.ts';

describe('the inspector of a worker', () => {
  it.each([
    [['--inspect'], 2, { host: '127.0.0.1', port: 9231 }],
    [['--inspect=9300'], 1, { host: '127.0.0.1', port: 9301 }],
    [['--inspect-brk=0.0.0.0:9300'], 0, { host: '0.0.0.0', port: 9300 }],
    [['--inspect-wait=[::1]:9300'], 1, { host: '::1', port: 9301 }],
    [['--inspect=0.0.0.0', '--inspect-port', '9400'], 1, { host: '0.0.0.0', port: 9401 }],
    [['--inspect=9300', '--inspect-port=localhost:9400'], 0, { host: 'localhost', port: 9400 }],
    [['--inspect=0'], 3, { host: '127.0.0.1', port: 0 }],
    [['--inspect=65535'], 1, { host: '127.0.0.1', port: 0 }],
    [['--inspect-publish-uid=http', '--title=--inspect'], 1, null],
    [[], 1, null],
  ])('%j in slot %i: %j', (args, slot, address) => {
    expect(inspectorOf(args, slot)).toEqual(address);
  });

  it.each(['127.0.0.1', 'localhost'])('gets any port where its own is taken (%s)', async (host) => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    expect(freeInspectorPort({ host, port })).toBe(0);
    server.close();
    await once(server, 'close');
    expect(freeInspectorPort({ host, port })).toBe(port);
  });
});
