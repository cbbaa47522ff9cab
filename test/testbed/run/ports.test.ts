import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, it } from 'node:test';
import { ephemeralLow, pickPort } from '#testbed/run/ports.ts';

describe('ports of a run', { timeout: 60_000 }, () => {
  it('lie below those that the kernel gives to outgoing connections, are free, and are given once', async () => {
    const ports = await Promise.all(Array.from({ length: 50 }, pickPort));
    assert.equal(new Set(ports).size, 50);
    for (const port of ports) {
      assert.ok(port >= 10_000 && port < ephemeralLow(), String(port));
      const server = createServer().listen(port, '127.0.0.1');
      await once(server, 'listening');
      server.close();
    }
  });

  it('are not those that somebody listens on', async () => {
    const taken = await pickPort();
    const server = createServer().listen(taken + 1, '127.0.0.1');
    await Promise.race([once(server, 'listening'), once(server, 'error')]);
    const ports = await Promise.all(Array.from({ length: 200 }, pickPort));
    assert.ok(!ports.includes(taken + 1));
    server.close();
  });
});
