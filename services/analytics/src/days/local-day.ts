export { DAY_MS, MINUTE_MS, addDays, dayStart, localDay, nextMonth } from '@zhuzhan/core'
export type { LocalDay } from '@zhuzhan/core'
