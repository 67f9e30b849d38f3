import { HesError } from '@zhuzhan/core'
import { SM2_DEFAULT_ID, findChains, nameText, verifyChain } from '@zhuzhan/gm-crypto'
import type { KeyUsage, Sm2Certificate, Sm2Crl, Sm2Engine } from '@zhuzhan/gm-crypto'

export interface Question {
  leaf: Sm2Certificate
  /** Self-signed ones are trusted, others may stand between. */
  authorities: readonly Sm2Certificate[]
  /** Found beside the leaf: never trusted, may stand between. */
  others: readonly Sm2Certificate[]
  /** `undefined`: revocation is not asked about. */
  crls: readonly Sm2Crl[] | undefined
  usage: KeyUsage | undefined
  /** Unix time in ms. */
  at: number
}

export type Verdict = { ok: true; chain: string[] } | { ok: false; why: string; depth: number | null }

/** Is there a chain from the leaf to a trusted root that holds, link by link? */
export async function judgeCertificate(engine: Sm2Engine, { leaf, authorities, others, crls, usage, at }: Question): Promise<Verdict> {
  const roots = authorities.filter(({ issuer, subject }) => issuer.equals(subject))
  const between = [...authorities.filter((one) => !roots.includes(one)), ...others]
  let verdict: Verdict = { ok: false, why: 'no chain leads from it to a trusted root', depth: null }
  for (const chain of findChains(leaf, between, roots)) {
    try {
      await verifyChain(engine, chain, at, { id: SM2_DEFAULT_ID, ...(usage && { usage }), ...(crls && { crls }) })
      return { ok: true, chain: chain.map(({ subject }) => nameText(subject)) }
    } catch (error) {
      if (!(error instanceof HesError)) throw error
      verdict = { ok: false, why: error.message, depth: Number(error.context['depth'] ?? 0) }
    }
  }
  return verdict
}
