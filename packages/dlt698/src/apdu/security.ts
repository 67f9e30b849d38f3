import { choice, hexOctets, marked, optional, sequence } from '@zhuzhan/codec'
import type { TypeOf } from '@zhuzhan/codec'
import { Dar, OctetString } from './members.js'

const content = sequence({ content: OctetString })

/** What proves the request: a chip command with MAC, a random to be answered, both, or a chip command alone. */
export const Verification = choice('kind', {
  'sid-mac': [0, sequence({ sid: hexOctets(4), attach: OctetString, mac: OctetString })],
  'rn': [1, sequence({ rn: OctetString })],
  'rn-mac': [2, sequence({ rn: OctetString, mac: OctetString })],
  'sid': [3, sequence({ sid: hexOctets(4), attach: OctetString })],
})
export type Verification = TypeOf<typeof Verification>

/** 10. The content is one whole APDU, plain or enciphered; no PIID and no tail of its own. Reference §5. */
export const SecurityRequest = sequence(
  choice('form', { plain: [0, content], cipher: [1, content] }),
  { verification: Verification },
)

/** 90. Verification choice 1 was seen in one source only (UNSURE) and is refused. Reference §5. */
export const SecurityResponse = sequence(
  choice('form', { plain: [0, content], cipher: [1, content], dar: [2, sequence({ dar: Dar })] }),
  { mac: optional(marked(0, OctetString)) },
)
