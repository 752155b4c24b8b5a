// The first words of a connection: the client names a server on a line of its
// own, and is answered "ok", after which the connection carries MCP, or "error"
// and the reason. MCP's lines are JSON, so that neither can be taken for one.

import { printable } from './log.mjs';

const LONGEST_NAME = 64;
const NAME_WITHIN = 5_000; // milliseconds
const LINGER = 5_000; // milliseconds

/**
 * Resolves with the name that a connection begins with, and with undefined for
 * one that ends without a word, as those of a readiness probe do. What follows
 * the line is left to be read. Rejects when no proper name has come in time.
 */
export function readName(socket, within = NAME_WITHIN) {
  return new Promise((resolve, reject) => {
    let said = Buffer.alloc(0);
    const stop = () => {
      clearTimeout(timer);
      socket.off('data', onData).off('end', onEnd).off('close', onEnd).pause();
    };
    const refuse = (reason) => {
      stop();
      reject(new Error(reason));
    };
    const onEnd = () => {
      if (said.length > 0) return refuse('the connection ended before it named a server');
      stop();
      resolve(undefined);
    };
    const onData = (chunk) => {
      said = Buffer.concat([said, chunk]);
      const end = said.indexOf('\n');
      if (end < 0 && said.length <= LONGEST_NAME) return;
      const name = said.toString('latin1', 0, end);
      if (end < 0 || end > LONGEST_NAME || !/^[a-z0-9-]+$/.test(name)) {
        refuse('the first line is not the name of a server');
        return;
      }
      stop();
      socket.unshift(said.subarray(end + 1));
      resolve(name);
    };
    const timer = setTimeout(() => refuse(`no server was named within ${within / 1000} s`), within);
    socket.on('data', onData).on('end', onEnd).on('close', onEnd);
  });
}

/** Tells the client that its server listens. */
export function agree(socket) {
  socket.write('ok\n');
}

/** Tells the client why it gets no server, and ends the connection. */
export function refuse(socket, reason) {
  if (socket.destroyed) return;
  socket.write(`error ${printable(reason)}\n`);
  finish(socket);
}

/**
 * Ends a connection once all that was written is sent. What still comes is
 * thrown away: closing on unread data would reset the connection, and the client
 * could lose what it was sent last. A client that does not close has 5 s.
 */
export function finish(socket) {
  socket.end();
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), LINGER).unref();
  socket.once('close', () => clearTimeout(timer));
}
