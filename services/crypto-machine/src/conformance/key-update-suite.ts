import type { OrderBody } from '@zhuzhan/contracts'
import { memoryDisk } from '../store/memory-store.js'
import type { MachineStore } from '../store/store.js'
import { manualClock } from '@zhuzhan/core'
import type { DeviceKeys } from '@zhuzhan/osp1'
import { createOsp1Device, deriveKey, memoryStore, readKeyFile } from '@zhuzhan/osp1'
import { randomBytes } from 'node:crypto'
import { drive, loseOnce, stateOf, tryConnect } from './key-update-drive.js'
import { freshMemory } from './fresh-store.js'
import type { FreshData, OpenStore } from './fresh-store.js'
import { codeOf, officeOf, openOffice } from './office.js'
import type { Office } from './office.js'
import { ABILITY, CLOCK_ANSWER, GET_CLOCK, REPORT, REPORT_RESPONSE, ask, exchange, makeDevice, startMachine, testEngine } from './rig.js'
import type { MachineRig, TestDevice } from './rig.js'
import { number } from './ticket-station.js'

/** Key updates at the machine, and its recovery from every doubt (§7.8); for every store alike. */
export function describeKeyUpdates(name: string, fresh: FreshData): void {
  describe(`key updates, ${name}`, () => {
    let open: OpenStore
    let rig: MachineRig
    let office: Office
    /** Rises with every test: a version is brought to a device once. */
    let version = 1
    beforeAll(async () => {
      open = await fresh()
      rig = await startMachine({ store: open() })
      office = await openOffice(rig)
    })
    const restart = async (store: MachineStore = open()): Promise<void> => {
      rig = await startMachine({ store, clock: rig.clock })
      office = officeOf(rig.port, office.administrators)
    }
    const update = (addresses: string[], keyVersion = version): OrderBody => ({ kind: 'key-update', keyState: 1, keyVersion, addresses })
    async function ordered(mode: 'S' | 'F' = 'S'): Promise<{ peer: TestDevice; order: string; address: string }> {
      const peer = await makeDevice(rig, mode, number())
      const { address } = peer.keys
      version = Math.max(version, peer.keys.keyVersion) + 1
      await office.order({ kind: 'root-keys', keyState: 1, keyVersion: version })
      const { order } = await office.order(update([address]))
      return { peer, order, address }
    }
    /** Whatever happened before: the device has the new keys alone, its session works, and the row is closed. */
    async function settled(at: Pick<MachineRig, 'port' | 'clock'>, { peer, order }: { peer: TestDevice; order: string }): Promise<void> {
      expect(await stateOf(at, order)).toBe('done')
      expect(peer.device.keys()).toEqual({ keyState: 1, keyVersion: version, pending: undefined })
      const handle = await tryConnect(at, peer)
      expect(await exchange(at, peer, handle ?? '', GET_CLOCK)).toHaveProperty('apdu')
      // What was stored for the way is gone with it.
      const { deviceId, stage } = (await open().keyUpdatePage({ orderId: Buffer.from(order, 'hex'), after: '', limit: 1 }))[0]?.update ?? {}
      expect([await open().openKeyUpdates([deviceId ?? 0]), stage]).toEqual([[], undefined])
    }
    const eventsOf = async (address: string): Promise<string[]> =>
      (await ask(rig.port, 'machineEvents', { after: 0, limit: 1_000 })).events.filter((event) => event.subject === address).map((event) => event.kind)

    it('mode S: stage, CONNECT under the new keys, commit', async () => {
      const one = await ordered('S')
      expect(await stateOf(rig, one.order)).toBe('ordered')
      expect(await drive(rig, one.peer)).toEqual(['session', 'stage', 'session', 'commit'])
      await settled(rig, one)
      expect((await eventsOf(one.address)).slice(1)).toEqual(['key-update-staging', 'key-update-staged', 'key-update-committing', 'key-update-done'])
    })

    it('mode F: the check value is the proof, the session goes on', async () => {
      const one = await ordered('F')
      expect(await drive(rig, one.peer)).toEqual(['session', 'stage', 'commit'])
      await settled(rig, one)
    })

    // Seen failing with chooseKeys that always takes the active set, and with one that always takes the new one.
    // Each line is a cut of the split key update (§8): on either side of every step.
    it.each<['S' | 'F', string, 'down' | 'up', string[]]>([
      ['S', 'stage', 'down', ['session', 'stage!', 'no session', 'session', 'stage', 'session', 'commit']],
      ['S', 'stage', 'up', ['session', 'stage!', 'session', 'commit']],
      ['S', 'commit', 'down', ['session', 'stage', 'session', 'commit!', 'session', 'commit']],
      ['S', 'commit', 'up', ['session', 'stage', 'session', 'commit!', 'session', 'commit']],
      ['F', 'stage', 'down', ['session', 'stage!', 'session', 'stage', 'commit']],
      ['F', 'stage', 'up', ['session', 'stage!', 'session', 'stage', 'commit']],
      ['F', 'commit', 'down', ['session', 'stage', 'commit!', 'session', 'commit']],
      ['F', 'commit', 'up', ['session', 'stage', 'commit!', 'session', 'commit']],
    ])('mode %s: %s lost on its way %s', async (mode, step, way, told) => {
      const one = await ordered(mode)
      expect(await drive(rig, one.peer, { lose: loseOnce(step, way) })).toEqual(told)
      await settled(rig, one)
    })

    it.each(['S', 'F'] as const)('mode %s: the machine dies after each of its commits, and the next one goes on', async (mode) => {
      const one = await ordered(mode)
      let cut = 0
      // Dies in the commit number `cut` of a step, after it: the bytes never leave.
      for (let tries = 0; tries < 12 && (await stateOf(rig, one.order)) !== 'done'; tries++) {
        const inner = open()
        let left = cut++ % 4
        const dying = { ...inner, saveKeyUpdate: async (...args: Parameters<typeof inner.saveKeyUpdate>) => {
          await inner.saveKeyUpdate(...args)
          if (left-- === 0) throw new Error('killed')
        } }
        await restart(dying)
        await drive(rig, one.peer, { connects: 3 }).catch((error: Error) => expect(error.message).toBe('killed'))
      }
      await restart()
      expect(cut).toBeGreaterThan(2)
      await settled(rig, one)
    })

    // Seen failing with the record sealed before `prepare`: bytes of a step nobody would remember.
    it('nothing is sealed when its commit fails', async () => {
      const one = await ordered('S')
      const inner = open()
      await restart({ ...inner, saveKeyUpdate: async () => { throw new Error('no disk') } })
      const handle = (await tryConnect(rig, one.peer)) ?? ''
      await expect(ask(rig.port, 'keyUpdateStep', { handle, piid: 1 })).rejects.toThrow('no disk')
      // The first number of the session is still free: no record was made.
      expect(await ask(rig.port, 'seal', { handle, apdu: GET_CLOCK })).toMatchObject({ seq: 0 })
      await restart()
      await drive(rig, one.peer)
      await settled(rig, one)
    })

    it('the same stored bytes go out again, wrapped where they lie', async () => {
      const one = await ordered('S')
      const handle = await tryConnect(rig, one.peer)
      const first = await ask(rig.port, 'keyUpdateStep', { handle: handle ?? '', piid: 1 })
      if (!('step' in first)) throw new Error('no step')
      const row = (await open().keyUpdatePage({ orderId: Buffer.from(one.order, 'hex'), after: '', limit: 1 }))[0]?.update
      expect(row?.state).toBe('staging')
      const keys = readKeyFile(one.peer.keys)
      // KU starts with version, step and id; neither it nor any key stands in the row in clear.
      expect(row?.stage?.includes(Buffer.concat([Buffer.of(1, 1), row.updateId]))).toBe(false)
      expect(row?.stage?.includes(deriveKey(keys.keys.transport, 'transport', keys.dispersion))).toBe(false)
      await ask(rig.port, 'giveUp', { handle: handle ?? '', seq: first.seq })
      await drive(rig, one.peer)
      await settled(rig, one)
    })

    // Seen failing with only the old, and with only the new keys tried (keysInForce).
    it('reports are opened with the new and the old keys while the row is open, and only with the new ones after it', async () => {
      const one = await ordered('S')
      const before = await one.peer.device.sealReport(REPORT)
      await drive(rig, one.peer, { lose: loseOnce('commit', 'up'), connects: 2 })
      expect(await stateOf(rig, one.order)).toBe('committing')
      // Sealed under the old keys, and anew under those the device has made active.
      for (const apdu of [before.apdu, (await one.peer.device.repeatReport(before.id))?.apdu ?? Buffer.alloc(1)]) {
        const opened = await ask(rig.port, 'openReport', { address: one.address, apdu })
        expect(Buffer.from(opened.apdu)).toEqual(REPORT)
        const confirmed = await ask(rig.port, 'confirmReport', { address: one.address, token: opened.token, apdu: REPORT_RESPONSE })
        if (apdu !== before.apdu) expect(one.peer.device.confirmReport(confirmed.apdu)?.id).toBe(before.id)
      }
      await drive(rig, one.peer)
      await settled(rig, one)
      expect(await codeOf(ask(rig.port, 'openReport', { address: one.address, apdu: before.apdu }))).toBe('AUTH_FAILED')
    })

    it('a device that refuses both sets is marked and alarmed about, keeps both, and is taken back when it answers', async () => {
      const one = await ordered('S')
      await drive(rig, one.peer, { lose: loseOnce('stage', 'up'), connects: 1 })
      // Another device answers at this address.
      const other = await makeDevice(rig, 'S', number())
      const stranger = { ...one.peer, device: await foreign(one.peer, other) }
      await drive(rig, stranger, { connects: 2 })
      expect((await ask(rig.port, 'keyUpdates', { order: one.order })).updates).toMatchObject([{ state: 'staging', unreachable: true }])
      expect(await eventsOf(one.address)).toContain('unreachable-key')
      await restart()
      await drive(rig, one.peer)
      await settled(rig, one)
      expect((await ask(rig.port, 'keyUpdates', { order: one.order })).updates).toMatchObject([{ unreachable: false }])
    })

    // Seen failing without the check of `suspect` in updates.ts.
    it('a suspect device gets no step, and a person without the right opens no update', async () => {
      const one = await ordered('S')
      await office.order({ kind: 'suspect', addresses: [one.address] })
      const handle = (await tryConnect(rig, one.peer)) ?? ''
      expect(await codeOf(ask(rig.port, 'keyUpdateStep', { handle, piid: 1 }))).toBe('KEY_UPDATE_REFUSED')
      expect(await stateOf(rig, one.order)).toBe('ordered')
      const peer = await makeDevice(rig, 'S', number())
      await office.order({ kind: 'suspect', addresses: [peer.keys.address] })
      expect(await reasonOf(office.order(update([peer.keys.address], peer.keys.keyVersion + 1)))).toBe('no-such-root-keys')
      const next = peer.keys.keyVersion + 1
      version = next
      await office.order({ kind: 'root-keys', keyState: 1, keyVersion: next })
      expect(await reasonOf(office.order(update([peer.keys.address], next)))).toBe('suspect')
      const clean = await makeDevice(rig, 'S', number())
      expect(await reasonOf(office.order(update([clean.keys.address], next), { second: null }))).toBe('two-administrators')
      const operator = await office.enter(['operator'])
      expect(await codeOf(office.order(update([clean.keys.address], next), { second: operator }))).toBe('ORDER_REFUSED')
    })

    it('an abort takes back what is staged, and what was committed is done', async () => {
      const one = await ordered('S')
      await drive(rig, one.peer, { lose: loseOnce('stage', 'up'), connects: 1 })
      await office.order({ kind: 'key-update-abort', addresses: [one.address] })
      expect(await drive(rig, one.peer)).toContain('abort')
      expect(await stateOf(rig, one.order)).toBe('aborted')
      expect(one.peer.device.keys().pending).toBeUndefined()
      expect(await exchange(rig, one.peer, (await tryConnect(rig, one.peer)) ?? '', GET_CLOCK)).toHaveProperty('apdu')
      const two = await ordered('S')
      await drive(rig, two.peer, { lose: loseOnce('commit', 'up'), connects: 2 })
      await office.order({ kind: 'key-update-abort', addresses: [two.address] })
      await drive(rig, two.peer)
      await settled(rig, two)
    })

    it('a row that somebody changed behind the machine is not believed', async () => {
      const one = await ordered('S')
      const row = (await open().keyUpdatePage({ orderId: Buffer.from(one.order, 'hex'), after: '', limit: 1 }))[0]?.update
      if (!row) throw new Error('no row')
      const store = open()
      await restart(store)
      await store.saveKeyUpdate({ ...row, state: 'committing' }, undefined, { kind: 'forged', subject: one.address })
      expect(await codeOf(ask(rig.port, 'connectOpen', { address: one.address, clientAddress: 0x10, header: Buffer.alloc(37) }))).toBe('ENGINE_FAULT')
    })

    it.each(['S', 'F'] as const)('mode %s: a device that refuses keeps its keys, and the row is closed', async (mode) => {
      const one = await ordered(mode)
      // It has a higher version than the machine thinks, so every stage is refused.
      const { device } = await deviceOf(rig, { ...readKeyFile(one.peer.keys), keyVersion: 250 })
      const peer = { ...one.peer, device }
      expect((await drive(rig, peer)).filter((step) => step === 'stage')).toHaveLength(1)
      expect(await stateOf(rig, one.order)).toBe('refused')
      expect(device.keys().pending).toBeUndefined()
      expect(await exchange(rig, peer, (await tryConnect(rig, peer)) ?? '', GET_CLOCK)).toHaveProperty('apdu')
    })

    // Seen failing in mode F without the commit that asks after a refused stage.
    it('a machine restored from before the change finds its devices under the new keys and ends the update', async () => {
      const disk = memoryDisk()
      const first = await startMachine({ disk })
      const chief = await openOffice(first)
      const [one, two] = [await makeDevice(first, 'S', number()), await makeDevice(first, 'F', number())]
      await chief.order({ kind: 'root-keys', keyState: 1, keyVersion: 2 })
      const { order } = await chief.order(update([one.keys.address, two.keys.address].sort(), 2))
      const backup = copyOf(disk)
      await drive(first, one)
      await drive(first, two)
      expect([one.device.keys().keyVersion, two.device.keys().keyVersion]).toEqual([2, 2])
      const restored = await startMachine({ disk: backup, clock: first.clock })
      for (const peer of [one, two]) await drive(restored, peer, { connects: 12 })
      expect((await ask(restored.port, 'keyUpdates', { order })).updates.map((row) => row.state)).toEqual(['done', 'done'])
      for (const peer of [one, two]) expect(await exchange(restored, peer, (await tryConnect(restored, peer)) ?? '', GET_CLOCK)).toHaveProperty('apdu')
    })

    it('versions of root keys are pending, active, and withdrawn when nobody holds them', async () => {
      const alone = await startMachine({ store: (await freshMemory())() })
      const chief = await openOffice(alone)
      const peer = await makeDevice(alone, 'F', number())
      const versions = async () => (await ask(alone.port, 'rootKeys', {})).versions.filter((one) => one.keyState === 1).map((one) => `${one.keyVersion} ${one.status} ${one.devices}`)
      await chief.order({ kind: 'root-keys', keyState: 1, keyVersion: 2 })
      expect(await versions()).toEqual(['1 active 1', '2 pending 0'])
      await chief.order(update([peer.keys.address], 2))
      await alone.machine.tick()
      expect(await versions()).toEqual(['1 active 1', '2 active 0'])
      await drive(alone, peer)
      await alone.machine.tick()
      expect(await versions()).toEqual(['1 withdrawn 0', '2 active 1'])
      expect((await makeDevice(alone, 'F', number())).keys.keyVersion).toBe(2)
    })
  })
}

/** A backup: everything, bytes as bytes. */
function copyOf<T>(value: T): T {
  if (Buffer.isBuffer(value)) return Buffer.from(value) as T
  if (value instanceof Map) return new Map([...value].map(([key, one]) => [key, copyOf(one)])) as T
  if (Array.isArray(value)) return value.map(copyOf) as T
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, copyOf(one)])) as T
}

const reasonOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'carried out',
    (error: { code: string; context: { reason?: string } }) => error.context.reason ?? error.code,
  )

async function deviceOf(rig: Pick<MachineRig, 'clock'>, keys: DeviceKeys): Promise<Pick<TestDevice, 'device'>> {
  const { clock } = rig
  const parts = { engine: testEngine(), store: memoryStore(), clock, random: randomBytes, header: ABILITY, factory: '30'.repeat(32) }
  return { device: await createOsp1Device({ ...parts, keys, act: async () => CLOCK_ANSWER }) }
}

/** A device of another number that answers at the address of this one. */
async function foreign(peer: TestDevice, other: TestDevice): Promise<TestDevice['device']> {
  const clock = manualClock()
  const device = await createOsp1Device({
    keys: { ...readKeyFile(other.keys), address: peer.keys.address, dispersion: readKeyFile(peer.keys).dispersion },
    engine: testEngine(),
    store: memoryStore(),
    clock,
    random: randomBytes,
    header: ABILITY,
    factory: '30'.repeat(32),
    act: async () => Buffer.alloc(0),
  })
  return {
    ...device,
    receive: (input) => {
      clock.advance(2_000)
      return device.receive(input)
    },
  }
}
