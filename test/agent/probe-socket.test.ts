import { once } from 'node:events';
import { expect, test } from 'vitest';
import { ProbeSocket } from '../../src/agent/probe-socket.ts';

test('what one end writes, the other reads, however much it is', async () => {
  const [one, other] = ProbeSocket.pair();
  const chunk = Buffer.alloc(100_000, 'x');
  for (let count = 0; count < 10; count += 1) one.write(chunk);
  one.end();
  let bytes = 0;
  for await (const data of other) bytes += data.length;
  expect(bytes).toBe(1_000_000);
});

test('a writer waits for its reader', () => {
  const [one] = ProbeSocket.pair();
  for (let count = 0; count < 4; count += 1) one.write(Buffer.alloc(20_000));
  expect(one.writableLength).toBeGreaterThan(0);
});

test('when one end is destroyed, the other one closes', async () => {
  const [one, other] = ProbeSocket.pair();
  one.on('error', () => {});
  one.destroy(new Error('gone'));
  await once(other, 'close');
  expect(other.errored).toBeNull();
});

test('each end has the address of this machine', () => {
  const [one] = ProbeSocket.pair();
  expect(one).toMatchObject({ remoteAddress: '127.0.0.1', localAddress: '127.0.0.1', remoteFamily: 'IPv4' });
});
