import type { Socket } from 'node:net'

const corked: Socket[] = []

function uncork(): void {
  for (const socket of corked.splice(0)) socket.uncork()
}

/**
 * Frames that one turn of the event loop has for a terminal leave in one system call: answers come from the front end many at a time, and
 * a call for each is a third of what a report costs the gateway. Whoever ends the socket before that sends them first.
 * @returns as `socket.write`
 */
export function writeThisTurn(socket: Socket, frame: Buffer): boolean {
  if (socket.writableCorked === 0) {
    socket.cork()
    if (corked.push(socket) === 1) setImmediate(uncork)
  }
  return socket.write(frame)
}
