import { writeFileSync } from 'node:fs'

/** The wall clock of every service, by the file service-kit follows. */
export interface StationClock {
  readonly file: string
  /** One more step, to the steps that are in force. */
  step(ms: number): void
}

export function createStationClock(file: string): StationClock {
  let offset = 0
  writeFileSync(file, '0')
  return {
    file,
    step: (ms) => {
      offset += ms
      writeFileSync(file, String(offset))
    },
  }
}
