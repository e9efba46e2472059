// The floor: the least a Node server can do here. It splits length-prefixed frames and answers each with the same bytes.
// A child process: gets the answer as a message, listens, and sends back the port.
import net from 'node:net';

const MAX_AT_ONCE = 256;
const MAX_BYTES_AT_ONCE = 1024 ** 2;

/** Counts the frames that each chunk completes. */
function frameCounter(): (chunk: Buffer) => number {
  let frameEnd = 0; // where the frame under way ends, as an offset in the next chunk; 0 between frames
  let cutPrefix: Buffer | null = null; // up to three bytes of a length prefix that a chunk's end cut

  return (received) => {
    let chunk = received;
    if (cutPrefix !== null) {
      chunk = Buffer.concat([cutPrefix, received]);
      cutPrefix = null;
    }
    const { length } = chunk;
    if (frameEnd > length) {
      frameEnd -= length;
      return 0;
    }
    let frames = frameEnd > 0 ? 1 : 0;
    let at = frameEnd;
    while (at + 4 <= length) {
      const end = at + 4 + chunk.readInt32BE(at);
      if (end > length) {
        frameEnd = end - length;
        return frames;
      }
      at = end;
      frames++;
    }
    frameEnd = 0;
    if (at < length) cutPrefix = chunk.subarray(at);
    return frames;
  };
}

function serve(answer: Buffer): void {
  const most = Math.max(1, Math.min(MAX_AT_ONCE, Math.floor(MAX_BYTES_AT_ONCE / answer.length)));
  const answers = Buffer.alloc(answer.length * most, answer);
  const server = net.createServer({ noDelay: true }, (socket) => {
    const countFrames = frameCounter();
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      for (let left = countFrames(chunk); left > 0; left -= most) {
        socket.write(answers.subarray(0, Math.min(left, most) * answer.length));
      }
    });
  });
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    if (address !== null && typeof address === 'object') process.send?.(address.port);
  });
}

process.once('message', (answer: Uint8Array) => serve(Buffer.from(answer)));
process.once('disconnect', () => process.exit());
