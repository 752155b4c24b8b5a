// MCP servers that are programs: a process for each session, since some keep
// the session's state in the process.

import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { agree, finish } from './handshake.mjs';
import { eachLine } from './log.mjs';

const GRACE = 5_000; // milliseconds from SIGTERM to SIGKILL

// Milliseconds to answer what was said by a client that says no more. That it is
// gone altogether looks the same until something is sent to it.
const LAST_ANSWERS = 60_000;

// One client has little to do at a time: 5 threads, which count against the
// service's limit of processes, instead of 11. Some 68 MB are left.
const SMALL = ['--v8-pool-size=1', '--max-semi-space-size=1', '--optimize-for-size'];
const SMALL_ENV = { UV_THREADPOOL_SIZE: '1' };

/**
 * A server that runs a Node program with the connection as its standard input
 * and output. Its process ends with the connection, and the connection with its
 * process: by a reset where that broke, so that the client can tell.
 * @param {{args: string[], env?: object, grace?: number, lastAnswers?: number}} program
 */
export function processServer({ args, env = {}, grace = GRACE, lastAnswers = LAST_ANSWERS }) {
  return async (socket, { log, killed }) => {
    const child = spawn(process.execPath, [...SMALL, ...args], { env: { ...SMALL_ENV, ...env }, stdio: 'pipe' });
    await once(child, 'spawn');
    for (const stream of [child, child.stdin, child.stdout, child.stderr]) {
      stream.on('error', () => {}); // its end tells as much, and comes too
    }
    eachLine(child.stderr, log);
    const ended = terminateWith(child, socket, { killed, grace, lastAnswers });

    agree(socket);
    socket.pipe(child.stdin);
    child.stdout.pipe(socket, { end: false });
    const [code, signal] = await ended;
    if (socket.destroyed) return 'the client is gone';
    code === 0 ? finish(socket) : socket.resetAndDestroy();
    return signal ? `the server was ended by ${signal}` : `the server ended with code ${code}`;
  };
}

/**
 * Ends a process with its connection, and at once on `killed`. Resolves with the
 * exit code and signal once it has ended and all that it said is read.
 */
async function terminateWith(child, socket, { killed, grace, lastAnswers }) {
  const timers = [];
  const after = (delay, act) => timers.push(setTimeout(act, delay));
  const kill = () => child.kill('SIGKILL');
  const terminate = () => {
    child.kill('SIGTERM');
    after(grace, kill);
  };
  killed.addEventListener('abort', kill);
  if (socket.destroyed) terminate();
  socket.once('close', terminate);
  socket.once('end', () => after(lastAnswers, terminate));

  const how = await new Promise((resolve) => child.once('close', (...args) => resolve(args)));
  timers.forEach(clearTimeout);
  killed.removeEventListener('abort', kill);
  socket.off('close', terminate);
  return how;
}
