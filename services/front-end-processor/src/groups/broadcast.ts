import { errorText } from '@zhuzhan/core'
import { CONTROL } from '@zhuzhan/dlt698'
import type { GroupClockStore } from '@zhuzhan/persistence'
import type { Logger } from '@zhuzhan/service-kit'
import { metric } from '@zhuzhan/telemetry'
import type { Directory } from '../terminals/directory.js'

export interface BroadcastOptions {
  store: Pick<GroupClockStore, 'fresh' | 'sentTo'>
  directory: Pick<Directory, 'serving'>
  log: Logger
}

/**
 * Hands a clock broadcast to the members this front end serves, once: to every front end it is told once, and nobody asks for it later.
 * The frame goes to everybody (OSP-1 §7.5), so it is not answered, and needs no session.
 */
export function createBroadcasts({ store, directory, log }: BroadcastOptions): (id: string) => Promise<void> {
  return async (id) => {
    try {
      const clock = await store.fresh(id)
      if (!clock) return
      const address = { type: 'broadcast', logical: 0, server: clock.server, client: clock.clientAddress } as const
      let sent = 0
      for (const { apdu, devices } of clock.frames) {
        const data = Buffer.from(apdu, 'base64')
        for (const device of devices) {
          const terminal = directory.serving(device)
          if (!terminal) continue
          terminal.reply({ control: CONTROL.clientRequest, address, data }, CONTROL.clientRequest, data)
          sent += 1
        }
      }
      metric('fep_broadcasts').add(sent)
      if (sent > 0) await store.sentTo(id, sent)
    } catch (error) {
      log.warn({ broadcast: id, err: errorText(error) }, 'a clock broadcast was not handed on; it is not tried again')
    }
  }
}
