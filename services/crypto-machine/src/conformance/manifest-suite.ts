import { randomBytes } from 'node:crypto'
import type { CryptoResult, ModulesVerdict, OrderBody } from '@zhuzhan/contracts'
import { encodeApdu } from '@zhuzhan/dlt698'
import { decodeManifest, encodeManifest, manifestRequest, readKeyFile } from '@zhuzhan/osp1'
import type { DeviceModule, ModuleEntry } from '@zhuzhan/osp1'
import type { FreshData } from './fresh-store.js'
import { drive } from './key-update-drive.js'
import { codeOf, commandable, honestClock, officeOf } from './office.js'
import { GET_CLOCK, ask, connect, exchange, makeDevice, startMachine } from './rig.js'
import type { MachineRig, TestDevice } from './rig.js'
import { REFUSED, lastEvent, number, piid, reasonsAfter, station } from './ticket-station.js'
import type { Station } from './ticket-station.js'

/** Module manifests at the machine (§7.7, §8 "illegal module replacement"); for every store alike. */

/** What a virtual meter shows from now on; both start honest. */
interface Show {
  modules(honest: readonly DeviceModule[]): readonly DeviceModule[]
  manifest(honest: Buffer): Buffer
  /** Manifests as they were made, before `manifest` had a look. */
  made: Buffer[]
}
interface Meter {
  peer: TestDevice
  address: string
  show: Show
}

const reasonOf = async (work: Promise<unknown>): Promise<unknown> => work.then(() => 'carried out', (error: { context?: { reason?: string } }) => error.context?.reason)
const changed = (at: number, change: (entry: ModuleEntry) => Partial<ModuleEntry>) => (man: Buffer): Buffer =>
  encodeManifest(decodeManifest(man).map((entry, i) => (i === at ? { ...entry, ...change(entry) } : entry)))

async function meter({ rig, office }: Pick<Station, 'rig' | 'office'>, mode: 'S' | 'F' = 'S', address = number()): Promise<Meter> {
  const show: Show = { modules: (honest) => honest, manifest: (honest) => honest, made: [] }
  const issued = readKeyFile(await ask(rig.port, 'issueKeys', { address, mode })).modules ?? []
  const peer = await makeDevice(rig, mode, address, {
    modules: () => show.modules(issued),
    manifest: (honest) => {
      show.made.push(honest)
      return show.manifest(honest)
    },
  })
  await office.place([address])
  return { peer, address, show }
}

/** Ask for the manifest and open what comes. */
async function checked(rig: Pick<MachineRig, 'port'>, { peer }: Pick<Meter, 'peer'>, handle: string): Promise<CryptoResult<'open'>> {
  const sealed = await ask(rig.port, 'manifestSeal', { handle, piid: 5 })
  const answer = await peer.device.receive({ address: peer.address, apdu: sealed.apdu })
  return ask(rig.port, 'open', { handle, apdu: answer ?? Buffer.alloc(0) })
}
const verdictOf = (opened: CryptoResult<'open'>): ModulesVerdict | undefined => ('hint' in opened ? undefined : opened.modules)

export function describeManifests(name: string, fresh: FreshData): void {
  describe(`module manifests, ${name}`, () => {
    let at: Station
    beforeAll(async () => {
      at = await station(fresh)
    })
    const trip = async (address: string, handle: string): Promise<string> => {
      const ticket = await at.office.ticket({ operator: at.operator, approver: at.approver, devices: [address] })
      return ask(at.rig.port, 'sealTicket', { handle, ...ticket, piid: 9 }).then(() => 'sealed', (error: { code: string }) => error.code)
    }
    /** As it stands in the table: what an order of two administrators says again. */
    const bindAnew = async (address: string, change: (module: NonNullable<Extract<OrderBody, { kind: 'bind-modules' }>['modules'][number]>) => object = () => ({})): Promise<OrderBody> => ({
      kind: 'bind-modules',
      address,
      modules: (await ask(at.rig.port, 'deviceModules', { address })).modules
        .filter(({ registered }) => registered)
        .map(({ slot, serial, model, chip, keyState, keyVersion }) => {
          const one = { slot, serial, model, chip, keyState: keyState ?? 1, keyVersion: keyVersion ?? 1 }
          return { ...one, ...change(one) }
        }),
    })
    const states = async (address: string) => (await ask(at.rig.port, 'deviceModules', { address })).modules.map(({ slot, state }) => `${slot} ${state}`)

    it.each(['S', 'F'] as const)('an honest meter of mode %s is bound, and is commanded as before', async (mode) => {
      const one = await meter(at, mode)
      const handle = await commandable(at.rig, one.peer)
      expect(await ask(at.rig.port, 'deviceModules', { address: one.address })).toMatchObject({ state: 'unchecked', checkedAt: null })
      expect(verdictOf(await checked(at.rig, one, handle))).toEqual({ state: 'bound', became: false, why: '' })
      const view = await ask(at.rig.port, 'deviceModules', { address: one.address })
      expect(view).toMatchObject({ state: 'bound', checkedAt: at.rig.clock.now(), history: view.modules.map(() => ({ kind: 'bound', detail: 'key issue' })) })
      expect(view.modules.slice(0, 3)).toMatchObject([
        { slot: 0, state: 'proved', chip: true, serial: one.peer.keys.chipSerial, version: 0x10000, firstSeen: at.rig.clock.now() },
        { slot: 1, state: 'proved', chip: true, registered: true },
        { slot: 2, state: 'declared', chip: false },
      ])
      expect(await trip(one.address, handle)).toBe('sealed')
    })

    it('a challenge is used once, is never the same, and no caller chooses it', async () => {
      const one = await meter(at)
      const handle = await connect(at.rig, one.peer)
      await checked(at.rig, one, handle)
      await checked(at.rig, one, handle)
      expect(one.show.made[0]?.equals(one.show.made[1] ?? Buffer.alloc(0))).toBe(false)
      expect(await codeOf(ask(at.rig.port, 'seal', { handle, apdu: manifestRequest(Buffer.alloc(16), 1) }))).toBe(REFUSED)
    })

    // Each line is an attack. Seen failing: without the comparison of serials in judge-manifest.ts ('another serial', 'of another
    // meter'), with a challenge of zeros in manifests.ts ('an old manifest'), with slots compared by < in decodeManifest ('a slot
    // twice'), without judgeModule's comparison ('one bit of a MAC', 'a chip without its key').
    const injuries: [string, string, (one: Meter, other: Meter) => void][] = [
      ['another serial in a slot', 'swapped', ({ show }) => { show.modules = (honest) => honest.map((m) => (m.slot === 1 ? { ...m, serial: randomBytes(8), key: randomBytes(16) } : m)) }],
      ['a genuine module of another meter', 'swapped', ({ show }, other) => {
        const theirs = readKeyFile(other.peer.keys).modules?.find(({ slot }) => slot === 1)
        show.modules = (honest) => honest.map((m) => (m.slot === 1 && theirs ? theirs : m))
      }],
      ['another model under the same serial', 'swapped', ({ show }) => { show.modules = (honest) => honest.map((m) => (m.slot === 1 ? { ...m, model: Buffer.from('ZZ-MET-2') } : m)) }],
      ['a chip without its key', 'wrong', ({ show }) => { show.modules = (honest) => honest.map((m) => (m.slot === 1 ? { ...m, key: randomBytes(16) } : m)) }],
      ['one bit of a MAC', 'wrong', ({ show }) => { show.manifest = changed(1, ({ mac }) => ({ mac: Buffer.from(mac.map((byte, i) => (i === 15 ? byte ^ 1 : byte))) })) }],
      ['other firmware under an old MAC', 'wrong', ({ show }) => { show.manifest = changed(0, () => ({ firmware: randomBytes(32) })) }],
      ['a chip that declares itself as none', 'wrong', ({ show }) => { show.manifest = changed(1, () => ({ mac: Buffer.alloc(16) })) }],
      ['an old manifest of this session', 'wrong', ({ show }) => { show.manifest = () => show.made[0] ?? Buffer.alloc(0) }],
      ['a slot twice', 'a slot repeated', ({ show }) => { show.manifest = (man) => Buffer.concat([Buffer.of(1, (man[1] ?? 0) + 1), man.subarray(2, 71), man.subarray(2)]) }],
      ['slots in another order', 'a slot repeated or out of order', ({ show }) => { show.manifest = (man) => Buffer.concat([man.subarray(0, 2), man.subarray(71, 140), man.subarray(2, 71), man.subarray(140)]) }],
      ['one serial in two slots', 'repeated', ({ show }) => { show.manifest = changed(2, () => ({ serial: decodeManifest(show.made[0] ?? Buffer.alloc(0))[1]?.serial ?? Buffer.alloc(8) })) }],
      ['a module that is gone', '1 missing', ({ show }) => { show.modules = (honest) => honest.filter(({ slot }) => slot !== 1) }],
      ['a module nobody bound', '7 unknown', ({ show }) => { show.modules = (honest) => [...honest, { slot: 7, serial: randomBytes(8), model: Buffer.from('ZZ-NEW-1'), version: 1, firmware: randomBytes(32), key: randomBytes(16) }] }],
      ['bytes that are no manifest', 'not a manifest', ({ show }) => { show.manifest = () => randomBytes(40) }],
      ['no module at all', 'not a manifest', ({ show }) => { show.modules = () => [] }],
    ]
    it.each(injuries)('%s: suspect', async (_what, why, injure) => {
      const [one, other] = [await meter(at), await meter(at)]
      const handle = await commandable(at.rig, one.peer)
      expect(verdictOf(await checked(at.rig, one, handle))).toMatchObject({ state: 'bound' })
      injure(one, other)
      const since = await lastEvent(at.rig)
      const verdict = verdictOf(await checked(at.rig, one, handle))
      expect(verdict).toMatchObject({ state: 'suspect', became: true })
      expect(verdict?.why).toContain(why)
      const { events } = await ask(at.rig.port, 'machineEvents', { after: since })
      expect(events).toMatchObject([{ kind: 'device-suspect', subject: one.address, detail: { why: verdict?.why } }])
      expect(await trip(one.address, handle)).toBe(REFUSED)
      expect(await reasonsAfter(at.rig, since)).toEqual(['device-suspect'])
      honestClock(at.rig, one.peer)
      expect(await exchange(at.rig, one.peer, handle, GET_CLOCK)).toHaveProperty('apdu')
    })

    it('an old manifest of an earlier session proves nothing in a new one', async () => {
      const one = await meter(at)
      await checked(at.rig, one, await connect(at.rig, one.peer))
      one.show.manifest = () => one.show.made[0] ?? Buffer.alloc(0)
      expect(verdictOf(await checked(at.rig, one, await connect(at.rig, one.peer)))).toMatchObject({ state: 'suspect', why: expect.stringContaining('0 wrong') as string })
    })

    it('a meter with modules that refuses to show them is suspect, too', async () => {
      const one = await meter(at)
      const refusing = { peer: await makeDevice(at.rig, 'S', one.address, { bare: true }) }
      refusing.peer.answerWith(() => encodeApdu({ apdu: 'action-response', choice: 'normal', piid, omd: 'F1000300', dar: 3 }))
      expect(verdictOf(await checked(at.rig, refusing, await connect(at.rig, refusing.peer)))).toMatchObject({ state: 'suspect', why: expect.stringContaining('DAR 3') as string })
    })

    it('stays suspect over a restart and an honest manifest, until two administrators bind its modules anew', async () => {
      const one = await meter(at)
      const handle = await commandable(at.rig, one.peer)
      const swapped = { serial: randomBytes(8), model: Buffer.from('ZZ-MET-1') }
      one.show.modules = (honest) => honest.map((m) => (m.slot === 1 ? { ...m, ...swapped, key: randomBytes(16) } : m))
      await checked(at.rig, one, handle)
      one.show.modules = (honest) => honest
      expect(verdictOf(await checked(at.rig, one, handle))).toEqual({ state: 'suspect', became: false, why: '' })

      const rig = await startMachine({ store: at.open(), clock: at.rig.clock })
      at = { ...at, rig, office: officeOf(rig.port, at.office.administrators) }
      rig.clock.advance(2_000)
      const again = await commandable(at.rig, one.peer)
      expect(await trip(one.address, again)).toBe(REFUSED)
      expect((await ask(rig.port, 'moduleStates', { suspect: true })).devices).toContainEqual(expect.objectContaining({ address: one.address, state: 'suspect' }))
      expect((await ask(rig.port, 'deviceModules', { address: one.address })).history[0]).toMatchObject({ kind: 'found', slot: 1, serial: swapped.serial.toString('hex').toUpperCase(), detail: 'swapped' })

      const order = await bindAnew(one.address)
      expect(await reasonOf(at.office.order(order, { second: null }))).toBe('two-administrators')
      await at.office.order(order)
      expect(await ask(rig.port, 'deviceModules', { address: one.address })).toMatchObject({ state: 'bound' })
      expect(await trip(one.address, again)).toBe('sealed')
    })

    it('a replaced module is bound by order, with its history; one that belongs elsewhere is not', async () => {
      const [one, other] = [await meter(at), await meter(at)]
      const handle = await commandable(at.rig, one.peer)
      await checked(at.rig, one, handle)
      // What its maker says of the new module: a pairing key of root keys 1/1 for its serial.
      const [serial, theirs] = [randomBytes(8).toString('hex').toUpperCase(), readKeyFile(other.peer.keys).modules?.[1]?.serial.toString('hex').toUpperCase() ?? '']
      const replace = (by: string): Promise<OrderBody> => bindAnew(one.address, (module) => (module.slot === 1 ? { serial: by } : {}))
      expect(await reasonOf(at.office.order(await replace(theirs)))).toBe('serial-bound-elsewhere')
      const { order } = await at.office.order(await replace(serial))
      const view = await ask(at.rig.port, 'deviceModules', { address: one.address })
      expect(view).toMatchObject({ state: 'unchecked', history: [{ kind: 'replaced', slot: 1, serial, before: one.peer.keys.modules?.[1]?.serial, detail: `order ${order}` }, ...one.peer.keys.modules!.map(() => ({ kind: 'bound' }))] })
      expect(await states(one.address)).toContain('1 unchecked')
      // The old module is the swapped one now.
      expect(verdictOf(await checked(at.rig, one, handle))).toMatchObject({ state: 'suspect', why: expect.stringContaining('1 swapped') as string })
      expect(await states(one.address)).toEqual(expect.arrayContaining(['1 missing', '1 swapped']))
    })

    it('another program in a module is no suspicion, and stands in the history', async () => {
      const one = await meter(at)
      const handle = await connect(at.rig, one.peer)
      await checked(at.rig, one, handle)
      one.show.modules = (honest) => honest.map((m) => (m.slot === 1 ? { ...m, version: 0x10100 } : m))
      expect(verdictOf(await checked(at.rig, one, handle))).toMatchObject({ state: 'bound' })
      expect((await ask(at.rig.port, 'deviceModules', { address: one.address })).history[0]).toMatchObject({ kind: 'version', slot: 1, before: expect.stringContaining('00010000') as string, detail: expect.stringContaining('00010100') as string })
    })

    // Seen failing with the pairing key of slot 0 taken from the module's row: every meter was suspect after its first key update.
    it.each(['S', 'F'] as const)('a key update of mode %s changes the key of its own chip, and nothing looks wrong', async (mode) => {
      const one = await meter(at, mode)
      const versions = (await ask(at.rig.port, 'rootKeys', {})).versions.filter(({ keyState }) => keyState === 1)
      const keyVersion = Math.max(...versions.map((version) => version.keyVersion)) + 1
      await at.office.order({ kind: 'root-keys', keyState: 1, keyVersion })
      await at.office.order({ kind: 'key-update', keyState: 1, keyVersion, addresses: [one.address] })
      const seen: string[] = []
      // In doubt nobody is asked: the commit was sent, its answer is lost.
      await drive(at.rig, one.peer, { connects: mode === 'S' ? 2 : 1, lose: (step, way) => step === 'commit' && way === 'up' })
      at.rig.clock.advance(2_000)
      const doubt = await connect(at.rig, one.peer)
      seen.push(await codeOf(ask(at.rig.port, 'manifestSeal', { handle: doubt, piid: 5 })))
      at.rig.clock.advance(2_000)
      await drive(at.rig, one.peer)
      at.rig.clock.advance(2_000)
      const handle = await connect(at.rig, one.peer)
      seen.push(verdictOf(await checked(at.rig, one, handle))?.state ?? 'none')
      expect(seen).toEqual(['BUSY', 'bound'])
    })

    it('a suspect meter gets no key update, and a laboratory issue does not take the suspicion back', async () => {
      const one = await meter(at)
      one.show.modules = (honest) => honest.slice(1)
      await checked(at.rig, one, await connect(at.rig, one.peer))
      await ask(at.rig.port, 'issueKeys', { address: one.address, mode: 'F', replace: true })
      expect(await ask(at.rig.port, 'deviceModules', { address: one.address })).toMatchObject({ state: 'suspect' })
      const versions = (await ask(at.rig.port, 'rootKeys', {})).versions
      const keyVersion = Math.max(...versions.filter(({ keyState }) => keyState === 1).map((version) => version.keyVersion)) + 1
      await at.office.order({ kind: 'root-keys', keyState: 1, keyVersion })
      expect(await reasonOf(at.office.order({ kind: 'key-update', keyState: 1, keyVersion, addresses: [one.address] }))).toBe('suspect')
    })
  })
}
