/** Every message that differs from this one in one byte, and every one that is a byte shorter or longer at its end. */
export function* mutants(message: Buffer): Generator<Buffer> {
  for (let at = 0; at < message.length; at++) {
    const changed = Buffer.from(message)
    changed[at] = (changed[at] ?? 0) ^ (1 << at % 8)
    yield changed
  }
  yield message.subarray(0, -1)
  yield Buffer.concat([message, Buffer.of(0)])
}
