import { HesError } from '@zhuzhan/core'
import type { SecurityProfile } from '@zhuzhan/contracts'
import type { ProfileCheck } from '@zhuzhan/persistence'

/** A terminal without protection has no place in a production station. Meters may be plain: their terminal's session protects them. */
export function terminalProfileAllowed(securityProfile: SecurityProfile, production: boolean): void {
  if (production && securityProfile === 'plain') {
    throw new HesError('PROFILE_REFUSED', 'A terminal of profile plain is refused in production.', { path: 'securityProfile' })
  }
}

/** Profile and mode must fit also after a change of only one of them. */
export const profileFits: ProfileCheck = ({ securityProfile, mode }) => {
  if (securityProfile === 'sm' && mode === null) throw new HesError('BODY_INVALID', 'profile sm needs mode S or F', { path: 'mode' })
  if (securityProfile === 'plain' && mode !== null) throw new HesError('BODY_INVALID', 'profile plain has no mode', { path: 'mode' })
}
