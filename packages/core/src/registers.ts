/** Forward active energy, total (OAD 00100201, DL/T 698.45), as an item number: the register that is validated, charged, audited and forecast. */
export const FORWARD_ACTIVE_TOTAL = 0x00100201
