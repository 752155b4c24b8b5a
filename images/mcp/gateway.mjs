// The MCP service of a pool: one process that gives each worker's hal-mcp the
// MCP server that it names, so that workers need neither Node nor the servers.
//
//   chromadb             in this process: nothing is kept between calls
//   memory-bank          a process a session, all on one directory
//   sequential-thinking  a process a session, which is what it keeps thoughts in
//
// A session of the first takes under 1 MB, one of the others 68 MB and 5 of the
// container's processes: so are the service's limits to be chosen.
//
// HAL_MCP_LISTEN    where it listens (default port 8001 of every address)
// HAL_MCP_SESSIONS  how many sessions there may be at a time (default 64)
// CHROMA_HOST, CHROMA_PORT  where ChromaDB listens (default localhost, 8000)
// MEMORY_BANK_ROOT  the directory of memory-bank (default /data/memory-bank)
//
// It ends within 2 s of SIGTERM or SIGINT, with code 0; with 2 where a setting
// is wrong; with 1 where it cannot listen.

import { createRequire } from 'node:module';

import { createChromaServer } from './chromadb.mjs';
import { inProcessServer } from './inprocess.mjs';
import { log } from './log.mjs';
import { processServer } from './processes.mjs';
import { Gateway } from './sessions.mjs';
import { settings } from './settings.mjs';

const { resolve } = createRequire(import.meta.url);

function servers({ chroma, memoryBankRoot }) {
  return {
    chromadb: inProcessServer(() => createChromaServer(chroma)),
    'memory-bank': processServer({
      args: [resolve('@allpepper/memory-bank-mcp')],
      env: { MEMORY_BANK_ROOT: memoryBankRoot },
    }),
    'sequential-thinking': processServer({
      args: [resolve('@modelcontextprotocol/server-sequential-thinking/dist/index.js')],
      env: { DISABLE_THOUGHT_LOGGING: 'true' }, // they are the session's own
    }),
  };
}

function end(code, reason) {
  log(`hal-mcp: ${reason}`);
  process.exit(code);
}

async function main() {
  const { listen, sessions, ...rest } = settings(process.env);
  const gateway = new Gateway({ servers: servers(rest), limit: sessions, log });
  for (const signal of ['SIGTERM', 'SIGINT']) {
    process.once(signal, async () => {
      log(`hal-mcp: stops on ${signal}`);
      await gateway.close();
      process.exit(0);
    });
  }
  const { address, port } = await gateway.listen(listen).catch((error) => end(1, `listen: ${error.message}`));
  log(`hal-mcp: listens on ${address} port ${port}, for ${sessions} sessions`);
}

await main().catch((error) => end(2, error.message));
