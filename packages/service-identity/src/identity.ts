import { readFile, stat } from 'node:fs/promises'
import type { ServiceSigner, TicketAsked } from '@zhuzhan/contracts'
import { HesError, errorText } from '@zhuzhan/core'
import { SM2_DEFAULT_ID, chooseEngine } from '@zhuzhan/gm-crypto'
import type { Sm2Engine } from '@zhuzhan/gm-crypto'
import { NOBODY, decodeTicket, dispersionOfNumber, onlyAllowsClosing, operatorInput, ticketContent } from '@zhuzhan/osp1'
import type { Ticket } from '@zhuzhan/osp1'
import { openServiceKey } from './key-file.js'
import type { ServiceKey } from './key-file.js'

/** A service as a person of the crypto machine: it signs what OSP-1 §7.6 lets a service sign alone, and nothing else. */
export interface ServiceIdentity extends ServiceSigner {
  /** 04 || x || y, hex. */
  readonly publicKey: string
  close(): void
}

const PARAMETERS = 5
const OTHERS = 0o077

export function createServiceIdentity(engine: Sm2Engine, { person, publicKey, privateKey }: ServiceKey): ServiceIdentity {
  return {
    person,
    publicKey: publicKey.toString('hex').toUpperCase(),
    sign: async (bytes, asked) => {
      const ticket = decodeTicket(bytes)
      const wrong = otherThanAsked(ticket, person, asked)
      if (wrong !== undefined) throw new HesError('TICKET_REFUSED', `The service does not sign this ticket: ${wrong}.`)
      return engine.sign(privateKey, SM2_DEFAULT_ID, operatorInput(bytes))
    },
    close: () => {
      privateKey.fill(0)
      engine.close()
    },
  }
}

/** A hostile or mistaken answer must not make the service sign something else, and no caller a trip: its key is in a process that people do not watch. */
function otherThanAsked(ticket: Ticket, person: string, { apdu, device, area, validSeconds, mandate }: TicketAsked): string | undefined {
  const content = ticketContent(apdu)
  if (!ticket.operatorId.equals(Buffer.from(person, 'hex'))) return 'it names somebody else'
  if (ticket.task !== content.task || ticket.service !== content.service || !ticket.target.equals(content.target) || !ticket.param.equals(content.param)) return 'it asks for something else'
  if (ticket.devices.length !== 1 || !ticket.devices[0]?.equals(dispersionOfNumber(device))) return 'it names another device'
  if (!ticket.area.equals(Buffer.from(area, 'hex'))) return 'it names another area'
  if (ticket.notAfter - ticket.notBefore > validSeconds) return 'it is valid for longer'
  if (mandate === undefined) return !ticket.approverId.equals(NOBODY) ? 'it names an approver' : ticket.task !== PARAMETERS ? 'alone it signs task 5 only' : undefined
  if (!ticket.approverId.equals(Buffer.from(mandate.slice(0, 16), 'hex'))) return 'it stands under another mandate'
  return onlyAllowsClosing(ticket) ? undefined : 'under a mandate it only allows one device to close'
}

/**
 * From its file, which only its owner may read in production.
 * @throws HesError CONFIG_INVALID
 */
export async function openServiceIdentity({ path, secret, production }: { path: string; secret: string; production: boolean }): Promise<ServiceIdentity> {
  let text: string
  try {
    if (production && ((await stat(path)).mode & OTHERS) !== 0) throw new HesError('CONFIG_INVALID', `${path} must be readable by its owner only (chmod 600)`)
    text = await readFile(path, 'utf8')
  } catch (error) {
    throw error instanceof HesError ? error : new HesError('CONFIG_INVALID', `ZHUZHAN_SERVICE_KEY_FILE: ${errorText(error)}`, {}, { cause: error })
  }
  const { engine } = await chooseEngine()
  try {
    return createServiceIdentity(engine, await openServiceKey(engine, text, secret))
  } catch (error) {
    engine.close()
    throw error
  }
}
