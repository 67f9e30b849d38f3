/** Where a named value stands in the bytes; the tree a person reads. Positions count from the start of the outermost bytes. */
export interface Span {
  name: string
  from: number
  /** First byte behind it; where reading stopped, when it stopped inside. */
  to: number
  /** What it was read as; absent when reading stopped inside. */
  value?: unknown
  children: Span[]
}

/**
 * Collects the spans of what tables read. Given to a ByteReader it sees every member of every table by itself; frames
 * that are read by hand add theirs with `enter` and `leave`.
 */
export class Tracer {
  readonly root: Span
  /** Position of the present reader's first byte in the outermost bytes. */
  private readonly open: Span[]

  constructor(name: string) {
    this.root = { name, from: 0, to: 0, children: [] }
    this.open = [this.root]
  }

  enter(name: string, from: number): void {
    const span: Span = { name, from, to: from, children: [] }
    this.open.at(-1)!.children.push(span)
    this.open.push(span)
  }

  leave(to: number, value: unknown): void {
    const span = this.open.pop()!
    span.to = to
    span.value = value
  }

  leaf(name: string, from: number, to: number, value: unknown): void {
    this.open.at(-1)!.children.push({ name, from, to, value, children: [] })
  }

  /** Closes what an error left open since `mark`; it ends where reading stopped and has no value. */
  stop({ depth }: TracePosition, at: number): void {
    while (this.open.length > depth) this.open.pop()!.to = at
  }

  /** A position that may be returned to, when one reading failed and another is tried. */
  mark(): TracePosition {
    return { depth: this.open.length, children: this.open.at(-1)!.children.length }
  }

  /** Forgets what came after. */
  rewind({ depth, children }: TracePosition): void {
    this.open.length = depth
    this.open.at(-1)!.children.length = children
  }
}

export interface TracePosition {
  depth: number
  children: number
}
