import { choice, either, hexOctets, sequence } from '@zhuzhan/codec'
import type { Fields, TypeOf } from '@zhuzhan/codec'
import { Dar, OctetString } from './members.js'

const SidMac = sequence({ sid: hexOctets(4), attach: OctetString, mac: OctetString })
type SidMac = TypeOf<typeof SidMac>

const content = sequence({ content: OctetString })

/** What proves the request: a chip command with MAC, a random to be answered, both, or a chip command alone. */
export const Verification = choice('kind', {
  'sid-mac': [0, SidMac],
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

/** What proves a response: a MAC, or (UNSURE, one source) a chip command with MAC. */
type ResponseVerification = { mac: Buffer } | { sidMac: SidMac }
const ResponseVerification = either({ mac: [0, OctetString], sidMac: [1, SidMac] })

/** Choice 1 is read only where the reader's settings ask for it (decodeApdu's `sidMacResponse`); it is always written. */
const Proof: Fields<{ mac?: Buffer; sidMac?: SidMac }> = {
  readInto: (r, target) => {
    const present = r.u8()
    if (present === 0) return
    if (present !== 1) r.fail('00 or 01 before an optional value', r.offset - 1)
    if (r.settings['sidMacResponse'] === true) return ResponseVerification.readInto(r, target)
    if (r.u8() !== 0) r.fail('byte 0', r.offset - 1)
    target['mac'] = r.trace === undefined ? OctetString.read(r) : r.traced('mac', OctetString)
  },
  read: (r) => {
    const target = {}
    Proof.readInto(r, target)
    return target
  },
  write: (w, value) => {
    const present = value.mac !== undefined || value.sidMac !== undefined
    w.u8(present ? 1 : 0)
    if (present) ResponseVerification.write(w, value as ResponseVerification)
  },
}

/** 90, reference §5. */
export const SecurityResponse = sequence(
  choice('form', { plain: [0, content], cipher: [1, content], dar: [2, sequence({ dar: Dar })] }),
  Proof,
)
