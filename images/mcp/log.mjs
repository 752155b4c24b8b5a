// What goes to the log: one line an event, of which no client can make two.

const CONTROL = /[\p{C}\p{Zl}\p{Zp}]/gu;
const LONGEST_LINE = 4096;

/** The text without what could end a line or move a cursor. */
export function printable(text) {
  return String(text).replace(CONTROL, ' ');
}

/** Writes one line to standard error. */
export function log(text) {
  process.stderr.write(`${printable(text)}\n`);
}

/**
 * Calls `write` for each line of a text stream, the last one too where nothing
 * ends it. A line that is too long comes in pieces, so that none is kept whole.
 */
export function eachLine(stream, write) {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop();
    if (rest.length > LONGEST_LINE) {
      lines.push(rest);
      rest = '';
    }
    lines.filter(Boolean).forEach((line) => write(line));
  });
  stream.on('end', () => rest && write(rest));
}
