import type { Protocol, Span, Words } from '@zhuzhan/codec'

/** One member of a frame as people are shown it. */
export interface Node {
  name: string
  label: Words
  /** First byte and first byte behind, counted from the first byte given. */
  from: number
  to: number
  /** Reading came to its end. */
  whole: boolean
  value: unknown
  /** What the value stands for. */
  words: Words | undefined
  /** A frame that stands in this member begins here. */
  heading?: Words
  children: Node[]
}

/** The spans of one frame as nodes. `shift`: where its first byte stands in the bytes given. */
export function nodesOf(root: Span, protocol: Protocol, shift: number): Node[] {
  const build = (span: Span, parents: readonly Span[]): Node => {
    const inner = [...parents, span]
    return {
      name: span.name,
      label: labelOf(span.name, protocol),
      from: span.from + shift,
      to: span.to + shift,
      whole: Object.hasOwn(span, 'value'),
      value: span.value,
      words: protocol.describe?.(span, parents),
      children: span.children.map((child) => build(child, inner)),
    }
  }
  return root.children.map((span) => build(span, [root]))
}

/** Elements of lists have numbers for names, counted from 0; people count from 1. */
function labelOf(name: string, { labels }: Protocol): Words {
  if (/^\d+$/.test(name)) return same(`#${Number(name) + 1}`)
  return Object.hasOwn(labels, name) ? labels[name]! : same(name)
}

export function same(text: string): Words {
  return { en: text, zh: text }
}

/** The innermost node whose bytes hold `from` to `to`. */
export function innermost(nodes: readonly Node[], from: number, to: number): Node | undefined {
  const node = nodes.find((one) => one.from <= from && one.to >= to)
  return node && (innermost(node.children, from, to) ?? node)
}
