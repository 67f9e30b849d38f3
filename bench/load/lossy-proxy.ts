import { createServer, connect } from 'node:net'
import type { Socket } from 'node:net'
import { createSplitter } from '@zhuzhan/dlt698'

/** What the proxy process is told and says. */
export type ProxyOrder = { kind: 'listen'; to: { host: string; port: number }; delayMs: number } | { kind: 'lose'; part: number } | { kind: 'counts' }
export type ProxyNews = { kind: 'listening'; port: number } | { kind: 'losing' } | { kind: 'counts'; counts: ProxyCounts }
/** `requests`: frames down that are no link management. */
export interface ProxyCounts { passed: Record<Way, number>; lost: Record<Way, number>; requests: number }
export type Way = 'up' | 'down'

/** A long line as a program of its own: whole link frames of every connection come later by `delayMs`, in order, or are lost. */
const counts: ProxyCounts = { passed: { up: 0, down: 0 }, lost: { up: 0, down: 0 }, requests: 0 }
/** Function code of C: 1 link management, 3 user data. */
const [CONTROL_AT, USER_DATA] = [3, 3]
const due: { at: number; to: Socket; bytes: Buffer }[] = []
let first = 0
let timer: NodeJS.Timeout | undefined
let delayMs = 0
let part = 0

/** Frames leave in the order they came: all wait equally long. */
function leave(): void {
  timer = undefined
  const now = performance.now()
  while (first < due.length && due[first]!.at <= now) {
    const { to, bytes } = due[first++]!
    if (!to.destroyed) to.write(bytes)
  }
  if (first === due.length) { due.length = 0; first = 0; return }
  if (first > 4_096) { due.splice(0, first); first = 0 }
  timer = setTimeout(leave, Math.max(1, Math.ceil(due[0 + first]!.at - performance.now())))
}

function carry(way: Way, to: Socket): (raw: Buffer) => void {
  return (raw) => {
    if (way === 'down' && (raw[CONTROL_AT]! & 7) === USER_DATA) counts.requests += 1
    if (part > 0 && Math.random() < part) return void (counts.lost[way] += 1)
    counts.passed[way] += 1
    due.push({ at: performance.now() + delayMs, to, bytes: Buffer.from(raw) })
    timer ??= setTimeout(leave, delayMs)
  }
}

function listen(to: { host: string; port: number }): void {
  const server = createServer({ noDelay: true }, (terminal) => {
    const station = connect({ ...to, noDelay: true })
    for (const [from, into, way] of [[terminal, station, 'up'], [station, terminal, 'down']] as const) {
      const splitter = createSplitter({ onFrame: carry(way, into), onDiscard: () => undefined })
      from.on('data', (chunk) => splitter.push(chunk))
      from.on('error', () => undefined)
      from.on('close', () => into.destroy())
    }
  })
  server.listen(0, '127.0.0.1', 4_096, () => tell({ kind: 'listening', port: (server.address() as { port: number }).port }))
}

const tell = (news: ProxyNews): void => { process.send?.(news) }
process.on('message', (order: ProxyOrder) => {
  if (order.kind === 'listen') {
    delayMs = order.delayMs
    listen(order.to)
  } else if (order.kind === 'lose') {
    part = order.part
    tell({ kind: 'losing' })
  } else tell({ kind: 'counts', counts })
})
process.on('disconnect', () => process.exit(0))
