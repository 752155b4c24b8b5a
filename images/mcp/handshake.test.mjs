import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { after, before, test } from 'node:test';

import { finish, readName } from './handshake.mjs';

let listener;

before(async () => {
  listener = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
});

after(() => listener.close());

async function pair() {
  const [[there], here] = await Promise.all([
    once(listener, 'connection'),
    connect({ port: listener.address().port, host: '127.0.0.1', allowHalfOpen: true }),
  ]);
  return { here, there };
}

test('leaves what follows the name to be read', async () => {
  const { here, there } = await pair();
  here.write('chromadb\n{"id":1}\n');
  assert.equal(await readName(there), 'chromadb');
  const [rest] = await Promise.all([once(there, 'data'), there.resume()]);
  assert.equal(String(rest), '{"id":1}\n');
  here.destroy();
  there.destroy();
});

test('does not wait for ever', async () => {
  const { here, there } = await pair();
  here.write('chroma');
  await assert.rejects(readName(there, 50), /no server was named within 0.05 s/);
  here.destroy();
  there.destroy();
});

test('ends a connection without a reset, whatever still comes', async () => {
  const { here, there } = await pair();
  here.write('x'.repeat(1 << 20));
  there.write('the last words');
  finish(there);
  const heard = await here.setEncoding('utf8').toArray();
  assert.equal(heard.join(''), 'the last words');
  here.end();
  await once(there, 'close');
});
