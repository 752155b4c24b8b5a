// MCP servers that are objects of this process, one for each session.

import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';

import { agree, finish } from './handshake.mjs';

/**
 * A server made by `create`, which returns an McpServer of the SDK, for each
 * session.
 */
export function inProcessServer(create) {
  return async (socket) => {
    const server = create();
    const closed = new Promise((resolve) => (socket.closed ? resolve() : socket.once('close', resolve)));
    // The transport closes by itself when a message is longer than it allows.
    server.server.onclose = () => socket.destroy();
    agree(socket);
    await server.connect(new SocketTransport(socket));
    await closed;
    await server.close();
    return 'the client is gone';
  };
}

/**
 * MCP's stdio transport on a socket. A client that has said all that it will
 * still gets its replies, and only then the end. One that does not read them is
 * not read from.
 */
class SocketTransport extends StdioServerTransport {
  #socket;
  #unanswered = new Set();
  #ended = false;

  constructor(socket) {
    super(socket, socket);
    this.#socket = socket;
  }

  async start() {
    const deliver = this.onmessage;
    this.onmessage = (message) => {
      if (message.method && 'id' in message) this.#unanswered.add(message.id);
      if (message.method === 'notifications/cancelled') this.#settle(message.params?.requestId);
      deliver(message);
    };
    this.#socket.once('end', () => {
      this.#ended = true;
      this.#settle();
    });
    await super.start();
    this.#socket.resume(); // whoever read the first line paused it
  }

  async send(message) {
    const sent = super.send(message);
    if (this.#socket.writableNeedDrain) {
      this.#socket.pause();
      this.#socket.once('drain', () => this.#socket.resume());
    }
    if (!message.method) this.#settle(message.id);
    await sent;
  }

  #settle(id) {
    this.#unanswered.delete(id);
    if (this.#ended && this.#unanswered.size === 0) finish(this.#socket);
  }
}
