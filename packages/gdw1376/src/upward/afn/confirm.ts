import { hexOctets, nothing, sequence, u8 } from '@zhuzhan/codec'
import { coded } from '../../wire/codes.js'
import { listToEnd } from '../../wire/lists.js'
import { AUTHENTICATION_ERRORS } from '../catalogue/codes.js'
import { Da } from '../units/da.js'
import { Dt } from '../../wire/dt.js'
import { row } from '../../afn-table.js'
import type { AfnTable } from '../../afn-table.js'

/** For each data unit of the frame that is answered, whether it was accepted. Reference §A4. */
export const PerUnitConfirm = sequence({
  confirmedAfn: hexOctets(1),
  results: listToEnd(sequence({ pn: Da, fn: Dt, error: u8 })),
})

const AuthenticationError = sequence({ authenticationError: coded(u8, AUTHENTICATION_ERRORS), random: hexOctets(8), chipSerial: hexOctets(8) })

/** AFN 00. Reference §A4. */
export const confirm: AfnTable = {
  afn: 0x00, en: 'Confirm or deny', zh: '确认/否认',
  rows: [
    row(1, 'All confirmed', '全部确认', { down: nothing, up: nothing }),
    row(2, 'All denied', '全部否认', { down: nothing, up: nothing }),
    row(3, 'Confirmed or denied per data unit', '按数据单元标识确认和否认', { down: PerUnitConfirm, up: PerUnitConfirm }),
    row(4, 'Hardware authentication error', '硬件安全认证错误应答', { down: AuthenticationError, up: AuthenticationError }),
  ],
}
