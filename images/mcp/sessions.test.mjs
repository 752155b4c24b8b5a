import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

import { printable } from './log.mjs';
import { processServer } from './processes.mjs';
import { Gateway } from './sessions.mjs';

const script = (code, times) => processServer({ args: ['--input-type=module', '-e', code], ...times });

const servers = {
  echo: script('process.stdin.pipe(process.stdout)'),
  pid: script('console.log(process.pid); process.stdin.resume()'),
  stubborn: script("process.on('SIGTERM', () => {}); console.log(process.pid); setInterval(() => {}, 1000)", { grace: 100 }),
  deaf: script('console.log(process.pid); setInterval(() => {}, 1000)', { lastAnswers: 100 }),
  broken: script('process.stdin.resume(); process.stdin.on("end", () => process.exit(3))'),
  brief: script('console.log("bye")'),
  noisy: script("console.error('one\\u001b[2J\\u009b\\u2028two\\r\\nthree'); process.stderr.write('x'.repeat(9000))"),
  unstartable: processServer({ args: [], env: { PATH: '\0' } }),
};

let gateway;
let port;
let logged;

beforeEach(async () => {
  logged = [];
  gateway = new Gateway({ servers, limit: 2, log: (line) => logged.push(printable(line)) });
  ({ port } = await gateway.listen({ host: '127.0.0.1', port: 0 }));
});

afterEach(() => gateway.close());

/** A client that has said something, and gives what it hears. */
async function client(said) {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  await once(socket, 'connect');
  socket.write(said);
  return socket;
}

/** All that the gateway answers to what is said, until it closes. */
async function answer(said) {
  const socket = await client(said);
  socket.end();
  return text(socket);
}

/** The next chunk that a client hears which has a match. */
async function hear(socket, pattern) {
  let heard = '';
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    heard += chunk;
    const match = pattern.exec(heard);
    if (match) return match;
  }
  throw new Error(`heard only ${JSON.stringify(heard)}`);
}

/** Resolves when a claim has become true. */
async function eventually(claim) {
  const until = performance.now() + 5_000;
  while (!claim()) {
    assert.ok(performance.now() < until, `not true within 5 s: ${claim}`);
    await delay(5);
  }
}

function runs(pid) {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('a session', () => {
  test('relays both ways, and answers what was said before the client ended', async () => {
    assert.equal(await answer('echo\nhello\n'), 'ok\nhello\n');
  });

  test('takes a name that comes in pieces', async () => {
    const socket = await client('ec');
    await delay(20);
    socket.end('ho\nhello');
    assert.equal(await text(socket), 'ok\nhello');
  });

  test('relays more than any buffer holds', async () => {
    const much = '0123456789abcdef'.repeat(1 << 17);
    assert.ok((await answer(`echo\n${much}`)) === `ok\n${much}`);
  });

  test('ends with its server', async () => {
    const socket = await client('brief\n');
    assert.equal(await text(socket), 'ok\nbye\n');
    socket.destroy();
    await eventually(() => logged.some((line) => /brief ends after .* code 0/.test(line)));
  });

  test('is reset when its server breaks', async () => {
    await assert.rejects(answer('broken\n'), { code: 'ECONNRESET' });
  });

  test('ends its server when the client is gone', async () => {
    const socket = await client('pid\n');
    const [, pid] = await hear(socket, /ok\n(\d+)\n/);
    assert.ok(runs(pid));
    socket.resetAndDestroy();
    await eventually(() => gateway.sessions === 0 && !runs(pid));
  });

  test('kills a server that does not heed SIGTERM', async () => {
    const socket = await client('stubborn\n');
    const [, pid] = await hear(socket, /ok\n(\d+)\n/);
    socket.resetAndDestroy();
    await eventually(() => gateway.sessions === 0 && !runs(pid));
  });

  test('ends a server that does not heed the end of its input, in time', async () => {
    const socket = await client('deaf\n');
    const [, pid] = await hear(socket, /ok\n(\d+)\n/);
    socket.on('error', () => {}).end();
    await eventually(() => gateway.sessions === 0 && !runs(pid));
  });

  test('puts what its server complains of into the log, in lines that move no cursor', async () => {
    await answer('noisy\n');
    await eventually(() => logged.some((line) => /ends after/.test(line)));
    const id = 'session 1 of noisy';
    assert.deepEqual(logged.slice(0, 4), [`${id} starts`, `${id}: one [2J  two `, `${id}: three`, `${id}: ${'x'.repeat(9000)}`]);
  });
});

describe('a refusal', () => {
  for (const [what, said, reason] of [
    ['an unknown server', 'time\n', /^error there is no server time: there are echo, pid, .*\n$/],
    ['a web browser', 'GET / HTTP/1.1\r\n\r\n', /^error the first line is not the name of a server\n$/],
    ['a name without an end', 'a'.repeat(100), /^error the first line is not the name of a server\n$/],
    ['half a name', 'ech', /^error the connection ended before it named a server\n$/],
    ['control characters', '\u001b[2J\n', /^error the first line is not the name of a server\n$/],
    ['a server that cannot be started', 'unstartable\n', /^error .+\n$/],
  ]) {
    test(`tells ${what} why`, async () => {
      assert.match(await answer(said), reason);
      assert.equal(gateway.sessions, 0);
    });
  }

  test('is not worth a line where nothing was said, as by a probe', async () => {
    assert.equal(await answer(''), '');
    assert.deepEqual(logged, []);
  });

  test('meets the session that is one too many, until another ends', async () => {
    const [one, two] = [await client('pid\n'), await client('pid\n')];
    await Promise.all([hear(one, /ok\n/), hear(two, /ok\n/)]);
    assert.match(await answer('echo\n'), /^error all 2 sessions are in use/);
    one.destroy();
    await eventually(() => gateway.sessions === 1);
    assert.equal(await answer('echo\nhello'), 'ok\nhello');
    two.destroy();
  });
});

describe('closing', () => {
  test('leaves nothing behind, and takes less than 2 s', async () => {
    const sockets = [await client('stubborn\n'), await client('pid\n'), await client('')];
    const pids = [await hear(sockets[0], /ok\n(\d+)\n/), await hear(sockets[1], /ok\n(\d+)\n/)].map(([, pid]) => pid);
    const begun = performance.now();
    await gateway.close();
    assert.ok(performance.now() - begun < 2_000);
    assert.deepEqual(pids.filter(runs), []);
    await assert.rejects(client(''), { code: 'ECONNREFUSED' });
  });
});
