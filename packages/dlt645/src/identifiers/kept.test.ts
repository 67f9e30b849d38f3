import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { SETTINGS } from '../settings.js'
import { identifiersFor } from './lookup.js'

/** Found by fuzzing: the tables of every choice of settings were kept. */
it('does not keep the tables of every choice of settings', () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const heap = () => {
    collect()
    return process.memoryUsage().heapUsed / 2 ** 20
  }
  const choose = (n: number) => Object.fromEntries(SETTINGS.map(({ name, readings }, i) => [name, Object.keys(readings)[(n >> i) & 1] ?? Object.keys(readings)[0]]))
  const read = (from: number, to: number) => {
    for (let n = from; n < to; n++) {
      const identifiers = identifiersFor(choose(n))
      // Energies of 13 settlements and 16 tariffs, as a meter is asked for them.
      for (let di = 0x00010000; di < 0x00011000; di += di % 0x100 === 12 ? 0x100 - 12 : 1) identifiers.item(di)
    }
  }
  read(0, 32)
  const before = heap()
  read(32, 512)
  expect(heap() - before).toBeLessThan(6)
})
