import assert from 'node:assert/strict';
import { test } from 'node:test';

import { settings } from './settings.mjs';

const defaults = {
  listen: { port: 8001 },
  sessions: 64,
  chroma: { host: 'localhost', port: 8000 },
  memoryBankRoot: '/data/memory-bank',
};

test('need not be given', () => {
  assert.deepEqual(settings({}), defaults);
  assert.deepEqual(settings({ HAL_MCP_LISTEN: '', CHROMA_HOST: '' }), defaults);
});

for (const [given, taken] of [
  [{ HAL_MCP_LISTEN: '0.0.0.0:9000' }, { listen: { host: '0.0.0.0', port: 9000 } }],
  [{ HAL_MCP_LISTEN: '[::1]:9000' }, { listen: { host: '::1', port: 9000 } }],
  [{ HAL_MCP_LISTEN: ':9000' }, { listen: { port: 9000 } }],
  [{ HAL_MCP_SESSIONS: '5' }, { sessions: 5 }],
  [{ CHROMA_HOST: 'parent', CHROMA_PORT: '80' }, { chroma: { host: 'parent', port: 80 } }],
  [{ MEMORY_BANK_ROOT: '/x' }, { memoryBankRoot: '/x' }],
]) {
  test(`takes ${JSON.stringify(given)}`, () => assert.deepEqual(settings(given), { ...defaults, ...taken }));
}

for (const [given, complaint] of [
  [{ HAL_MCP_LISTEN: 'localhost' }, 'HAL_MCP_LISTEN is "localhost": give HOST:PORT, such as 0.0.0.0:8001'],
  [{ HAL_MCP_LISTEN: '::1:8001' }, 'HAL_MCP_LISTEN is "::1:8001": give HOST:PORT, such as 0.0.0.0:8001'],
  [{ HAL_MCP_LISTEN: ':70000' }, 'The port in HAL_MCP_LISTEN is "70000": give a number from 1 to 65535'],
  [{ HAL_MCP_SESSIONS: '0' }, 'HAL_MCP_SESSIONS is "0": give a number from 1 to 1000'],
  [{ HAL_MCP_SESSIONS: '1e3' }, 'HAL_MCP_SESSIONS is "1e3": give a number from 1 to 1000'],
  [{ CHROMA_PORT: 'eight' }, 'CHROMA_PORT is "eight": give a number from 1 to 65535'],
]) {
  test(`refuses ${JSON.stringify(given)}`, () => assert.throws(() => settings(given), { message: complaint }));
}
