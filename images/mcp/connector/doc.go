// Command hal-mcp is the MCP server of a worker that has none of its own: it
// joins its standard input and output to one of the servers that the pool's
// service mcp runs, so that an MCP configuration may name it as a stdio command.
//
//	hal-mcp chromadb
//
// It connects to HAL_MCP_ADDRESS (localhost:8001 where that is unset), writes
// the server's name on a line of its own, and reads a line: "ok", after which
// the connection carries MCP both ways, or "error" and the reason, which MCP's
// JSON cannot be taken for. The end of the input is passed on, so that requests
// piped in are answered before the session ends. A service that is on its way up
// is waited for, for 5 s.
//
// It exits with 0 when the input had ended before the session did, with 1 and a
// line on standard error for every other end, and with 2 when called wrongly. A
// signal ends it as it does any process, and the connection with it.
package main
