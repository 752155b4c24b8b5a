// The TCP side: connections become sessions of the servers they name.

import { createServer } from 'node:net';

import { readName, refuse } from './handshake.mjs';

const KEEP_ALIVE = 60_000; // milliseconds of silence until a client is asked for
const STOP_GRACE = 1_000; // milliseconds

/**
 * Serves each connection with the server that it names, up to `limit` sessions
 * at a time.
 *
 * A server is an async function of a connection and of {log, killed}. It calls
 * agree, serves, and resolves with why the session is over, once nothing is left
 * of it; it ends when the connection is closed, and at once when the signal
 * `killed` says so. It rejects only where it could not start.
 */
export class Gateway {
  #servers;
  #limit;
  #log;
  #listener;
  #sockets = new Set();
  #sessions = new Set();
  #killed = new AbortController();
  #started = 0;

  constructor({ servers, limit, log }) {
    this.#servers = new Map(Object.entries(servers));
    this.#limit = limit;
    this.#log = log;
    // Half open, so that a client may end what it says and still be answered.
    this.#listener = createServer({ allowHalfOpen: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE });
    // As many again as there may be sessions, to be told that they cannot be.
    this.#listener.maxConnections = 2 * limit;
    this.#listener.on('connection', (socket) => this.#accept(socket));
  }

  /** The number of sessions under way. */
  get sessions() {
    return this.#sessions.size;
  }

  /** Resolves with the address once connections are accepted on it. */
  listen(where) {
    return new Promise((resolve, reject) => {
      this.#listener.once('error', reject);
      this.#listener.listen(where, () => resolve(this.#listener.address()));
    });
  }

  /** Closes every connection, and resolves when nothing is left of the sessions. */
  async close() {
    this.#listener.close();
    for (const socket of this.#sockets) socket.destroy();
    const timer = setTimeout(() => this.#killed.abort(), STOP_GRACE);
    await Promise.all(this.#sessions);
    clearTimeout(timer);
  }

  async #accept(socket) {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => {}); // 'close' follows, and is what the session heeds
    try {
      const name = await readName(socket);
      if (name === undefined) return socket.destroy();
      await this.#track(this.#serve(name, socket));
    } catch (error) {
      this.#log(`refused: ${error.message}`);
      refuse(socket, error.message);
    }
  }

  async #track(session) {
    this.#sessions.add(session);
    try {
      await session;
    } finally {
      this.#sessions.delete(session);
    }
  }

  async #serve(name, socket) {
    const server = this.#servers.get(name);
    if (!server) throw new Error(`there is no server ${name}: there are ${[...this.#servers.keys()].join(', ')}`);
    if (this.#sessions.size >= this.#limit) {
      throw new Error(`all ${this.#limit} sessions are in use: end one, or raise HAL_MCP_SESSIONS of the service mcp`);
    }
    const id = `session ${++this.#started} of ${name}`;
    const begun = performance.now();
    this.#log(`${id} starts`);
    const why = await server(socket, { log: (line) => this.#log(`${id}: ${line}`), killed: this.#killed.signal });
    this.#log(`${id} ends after ${((performance.now() - begun) / 1000).toFixed(1)} s: ${why}`);
  }
}
