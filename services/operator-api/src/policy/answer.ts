import type { PolicyAnswer } from '@zhuzhan/contracts'
import { BOUNDARIES, CIPHER_ROLES, DATA_PROTECTION, KEY_KINDS, MODULES, SEAL, algorithmsFor, algorithmsOf, bindingAlgorithms, decideCipher } from '@zhuzhan/policy'
import type { BoundaryName, Cipher, KeyKind, PeerOf, PeerPolicy, PolicySettings } from '@zhuzhan/policy'

/** The whole matrix with the decisions these settings give. @throws HesError CONFIG_INVALID for a substitution in production */
export function policyAnswer(settings: PolicySettings): PolicyAnswer {
  const decided = (ciphers: readonly Cipher[]) => ciphers.map((cipher) => decideCipher(cipher, settings))
  const keyKinds = (keys: readonly KeyKind[]) => keys.map((kind) => ({ kind, words: KEY_KINDS[kind] }))
  const peerAnswer = <B extends BoundaryName>(boundary: B, { peer, words, keys, outsideControl, access, row }: PeerPolicy) => {
    const { pairing = null, authentication, encryption, integrity } = algorithmsFor(boundary, peer as PeerOf<B>, settings)
    return { peer, words, pairing, authentication, encryption, integrity, keys: keyKinds(keys), outsideControl, access, row }
  }
  const { storage, transmission, northbound } = DATA_PROTECTION
  return {
    settings: { production: settings.production, hardware: [...settings.hardware], laboratory: [...settings.laboratory] },
    modules: MODULES.map(({ module, words, chip, chipWords, keys, access, row }) => ({
      module, words, chip, chipWords, algorithms: algorithmsOf(module, settings), binding: bindingAlgorithms(module, settings), keys: keyKinds(keys), access, row,
    })),
    boundaries: BOUNDARIES.map(({ boundary, words, order, peers }) => ({ boundary, words, order, peers: peers.map((peer) => peerAnswer(boundary, peer)) })),
    ciphers: CIPHER_ROLES.map((role) => ({ ...role })),
    seal: { words: SEAL.words, carrier: SEAL.carrier, algorithms: decided(SEAL.algorithms), properties: [...SEAL.properties], usedAt: [...SEAL.usedAt], row: SEAL.row },
    data: {
      storage: { words: storage.words, encrypted: storage.encrypted, integrity: storage.integrity, row: storage.row },
      transmission: { ...transmission, encryption: decided(transmission.encryption), integrity: decided(transmission.integrity) },
      northbound: { ...northbound },
    },
  }
}
