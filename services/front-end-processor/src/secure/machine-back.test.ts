import { HesError } from '@zhuzhan/core'
import { createLogger } from '@zhuzhan/service-kit'
import { fakeMachine } from '../test-support/fake-machine.js'
import { createMachineBack } from './machine-back.js'

const log = createLogger({ service: 'test', level: 'silent' })
const STATUS = { engine: 'openssl', engineReason: '', selftest: 'passed', provider: 'soft', serving: true, epoch: 'AA', stationId: 'BB', sessions: 0, devices: 0 } as const

test('only a machine that is another process than before makes sessions void; one that cannot say leaves them', async () => {
  let fencing: number | undefined = 1
  const told: boolean[] = []
  const machine = fakeMachine({ status: () => {
    if (fencing === undefined) throw new HesError('SEALED')
    return { ...STATUS, fencing }
  } })
  const back = createMachineBack({ machine, channels: () => [{ machineBack: (anew) => void told.push(anew) }], log })
  for (const next of [1, 1, undefined, 2, 2]) {
    fencing = next
    await back()
  }
  expect(told).toEqual([false, false, false, true, false])
})
