// What the service can be told, by its environment.

const NAMES = ['HAL_MCP_LISTEN', 'HAL_MCP_SESSIONS', 'CHROMA_HOST', 'CHROMA_PORT', 'MEMORY_BANK_ROOT'];

/**
 * The settings that an environment makes; an empty variable is an unset one.
 * Throws with what is wrong, and what would be right.
 */
export function settings(env) {
  const [listen, sessions, host, port, root] = NAMES.map((name) => env[name] || undefined);
  return {
    listen: address(listen ?? ':8001'),
    sessions: whole('HAL_MCP_SESSIONS', sessions ?? '64', 1000),
    chroma: { host: host ?? 'localhost', port: whole('CHROMA_PORT', port ?? '8000', 65535) },
    memoryBankRoot: root ?? '/data/memory-bank',
  };
}

/** HOST:PORT, [IPV6]:PORT or :PORT, as `listen` of node:net takes it. */
function address(text) {
  const parts = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(text);
  if (!parts) throw new Error(`HAL_MCP_LISTEN is "${text}": give HOST:PORT, such as 0.0.0.0:8001`);
  const host = parts[1] || parts[2];
  const port = whole('The port in HAL_MCP_LISTEN', parts[3], 65535);
  return host ? { host, port } : { port };
}

function whole(name, text, max) {
  const n = /^\d+$/.test(text) ? Number(text) : 0;
  if (n < 1 || n > max) throw new Error(`${name} is "${text}": give a number from 1 to ${max}`);
  return n;
}
