import { parseAddress } from '@zhuzhan/core'
import { SLOT_MS } from './calendar.js'
import { draw, seedOf } from './hash.js'
import { FIRST_DAY, loadTables } from './load-table.js'
import type { LoadTable } from './load-table.js'
import { PREMISES, TRANSFORMER_AREA } from './premises.js'
import type { Premises } from './premises.js'
import { energyUnits, installedAt, scaleOf } from './register.js'
import { Relay } from './relay.js'
import { TARIFFS } from './tariffs.js'
import type { TariffIndex } from './tariffs.js'

// Bound once: in a test runner's context each look-up of a global costs more than the arithmetic.
const { floor } = Math

/** Total, then tariffs 1 to 4. The total is the sum of the tariffs, always. */
export type TariffValues = [total: number, t1: number, t2: number, t3: number, t4: number]

export interface MeterOptions {
  /** Minutes east of UTC of the meter's local time; +08:00 unless said. */
  zone?: number
  relay?: Relay
  /** The device is a terminal: it measures its transformer area. */
  terminal?: boolean
}

/** Registers of 10^-4 kWh are counted at scale 100 %. */
const UNITS_A_REGISTER_STEP = 100

/**
 * What one meter has measured at any time, as a function of its address alone (and of the times its relay was open).
 * A class, because a process holds a hundred thousand of them and the methods must not be copied.
 */
export class Meter {
  readonly address: string
  readonly seed: number
  readonly zone: number
  readonly premises: Premises
  /** Percent of the load of its kind of premises. */
  readonly scale: number
  /** The meter has neither registers nor freezes from before. */
  readonly installedAt: number
  readonly relay: Relay
  private readonly imported: LoadTable
  private readonly exported: LoadTable | undefined
  private zero: number[] | undefined

  constructor(address: string, { zone = 480, relay, terminal = false }: MeterOptions = {}) {
    this.address = parseAddress(address)
    this.zone = zone
    this.seed = seedOf(this.address)
    this.premises = terminal ? TRANSFORMER_AREA : premisesOf(this.seed)
    this.scale = scaleOf(this.seed, this.premises.scale)
    this.installedAt = installedAt(this.seed, zone, FIRST_DAY)
    this.relay = relay ?? new Relay()
    const { imported, exported } = loadTables(this.premises)
    this.imported = imported
    this.exported = exported
  }

  /** Forward active energy, 10^-2 kWh. */
  forward(timeMs: number): TariffValues {
    return this.registers(this.imported, 0, timeMs, UNITS_A_REGISTER_STEP)
  }

  /** Reverse active energy (sent back to the grid), 10^-2 kWh. */
  reverse(timeMs: number): TariffValues {
    return this.exported ? this.registers(this.exported, TARIFFS, timeMs, UNITS_A_REGISTER_STEP) : [0, 0, 0, 0, 0]
  }

  /** The same with 10^-4 kWh. The total is again the sum of its own tariffs, so it may differ from the coarse total by rounding. */
  forwardFine(timeMs: number): TariffValues {
    return this.registers(this.imported, 0, timeMs, 1)
  }

  reverseFine(timeMs: number): TariffValues {
    return this.exported ? this.registers(this.exported, TARIFFS, timeMs, 1) : [0, 0, 0, 0, 0]
  }

  /** Mean forward power of the quarter hour that contains `timeMs`, as energy of the quarter hour in 10^-4 kWh. */
  slotEnergy(timeMs: number): { forward: number; reverse: number } {
    const from = Math.floor(timeMs / SLOT_MS) * SLOT_MS
    const forward = this.forwardFine(from + SLOT_MS)[0] - this.forwardFine(from)[0]
    const reverse = this.exported ? this.reverseFine(from + SLOT_MS)[0] - this.reverseFine(from)[0] : 0
    return { forward, reverse }
  }

  private registers(table: LoadTable, zeroAt: number, timeMs: number, step: number): TariffValues {
    const out: TariffValues = [0, 0, 0, 0, 0]
    if (timeMs <= this.installedAt) return out
    const zero = (this.zero ??= this.atInstallation())
    for (let k = 0; k < TARIFFS; k++) {
      const units = this.flowed(table, k as TariffIndex, timeMs) - zero[zeroAt + k]!
      const register = floor((units * this.scale) / (100 * step))
      out[k + 1] = register
      out[0] += register
    }
    return out
  }

  /** Energy since the first day less what an open relay kept back. */
  private flowed(table: LoadTable, k: TariffIndex, timeMs: number): number {
    const channel = { table, seed: this.seed ^ (table === this.exported ? 0x2545f491 : 0), zone: this.zone }
    let units = energyUnits(channel, k, timeMs)
    for (const open of this.relay.intervals) {
      if (open.from >= timeMs) break
      const until = open.to === undefined ? timeMs : Math.min(open.to, timeMs)
      units -= energyUnits(channel, k, until) - energyUnits(channel, k, open.from)
    }
    return units
  }

  private atInstallation(): number[] {
    const zero: number[] = []
    for (const table of [this.imported, this.exported]) {
      for (let k = 0; table && k < TARIFFS; k++) zero.push(this.flowed(table, k as TariffIndex, this.installedAt))
    }
    return zero
  }
}

/** The meter with this address, as every process sees it. */
export function meterModel(address: string, options: MeterOptions = {}): Meter {
  return new Meter(address, options)
}

const SHARES = PREMISES.reduce((sum, p) => sum + p.share, 0)

function premisesOf(seed: number): Premises {
  let ticket = draw(seed, 0) % SHARES
  for (const premises of PREMISES) {
    if (ticket < premises.share) return premises
    ticket -= premises.share
  }
  throw new RangeError('no premises')
}
