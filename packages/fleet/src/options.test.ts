import { readCommandLine, fleetCommand } from './options.js'
import { runFleet } from './program.js'
import { fleetRegistry } from './run/registry.js'

/** commander says what is wrong on standard error and ends the process; here it throws. */
const read = (...args: string[]) => readCommandLine(args, fleetCommand().exitOverride().configureOutput({ writeErr: () => {} }))

describe('command line', () => {
  it('has usual values', () => {
    expect(read('--gateway', 'localhost:9500')).toMatchObject({
      gateway: { host: 'localhost', port: 9500 }, terminals: 100, meters: 10, profile: 'plain', reportSeconds: 60, heartbeat: 60, utcOffset: 480, speed: false, faults: [], fieldDevices: 0, fieldSeconds: 60, labSubstitution: [],
    })
  })

  it('reads what is given', () => {
    expect(read('--gateway', '[::1]:1', '--profile', 'mixed', '--faults', 'slow:0.1,garbage:5%', '--utc-offset', '+07:30', '--report-items', '00100201,20000201', '--speed', '--seconds', '30', '--field-devices', '12', '--lab-substitution', 'SM1'))
      .toMatchObject({ gateway: { host: '::1', port: 1 }, profile: 'mixed', faults: [{ name: 'slow', share: 0.1 }, { name: 'garbage', share: 0.05 }], utcOffset: 450, reportItems: ['00100201', '20000201'], speed: true, seconds: 30, fieldDevices: 12, labSubstitution: ['SM1'] })
  })

  it.each([
    [['--terminals', '3']], [['--gateway', 'nowhere']], [['--gateway', 'a:1', '--terminals', '-1']], [['--gateway', 'a:1', '--profile', 'hard']],
    [['--gateway', 'a:1', '--faults', 'slow:9']], [['--gateway', 'a:1', '--utc-offset', 'east']], [['--gateway', 'a:1', '--report-items', '12']], [['--gateway', 'a:1', '--what']],
    [['--gateway', 'a:1', '--field-devices', '-1']], [['--gateway', 'a:1', '--lab-substitution', 'SM4']],
  ])('refuses %j', (args) => {
    expect(() => read(...args)).toThrow()
  })

  it('a laboratory substitution is refused in production, before anything is dialled', async () => {
    const before = process.env['ZHUZHAN_PRODUCTION']
    process.env['ZHUZHAN_PRODUCTION'] = '1'
    try {
      await expect(runFleet(read('--gateway', '127.0.0.1:1', '--lab-substitution', 'SM1', '--log-level', 'silent'))).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    } finally {
      if (before === undefined) delete process.env['ZHUZHAN_PRODUCTION']
      else process.env['ZHUZHAN_PRODUCTION'] = before
    }
  })

  it('the registry needs no gateway', () => {
    expect(read('--print-registry', '--terminals', '2').printRegistry).toBe(true)
  })
})

describe('registry', () => {
  it('mixed is half plain, a quarter each mode', () => {
    const profiles = fleetRegistry({ terminals: 20, meters: 10, profile: 'mixed' }).map((t) => t.profile)
    expect([profiles.filter((p) => p === 'plain').length, profiles.filter((p) => p === 'sm-s').length, profiles.filter((p) => p === 'sm-f').length]).toEqual([10, 5, 5])
  })

  it('no address twice, all of twelve digits', () => {
    const all = fleetRegistry({ terminals: 1000, meters: 20, profile: 'plain' }).flatMap((t) => [t.address, ...t.meters])
    expect(new Set(all).size).toBe(21_000)
    expect(all.every((a) => /^[0-9]{12}$/.test(a))).toBe(true)
  })

  it('a smaller fleet is the beginning of a larger one', () => {
    expect(fleetRegistry({ terminals: 5, meters: 2, profile: 'mixed' })).toEqual(fleetRegistry({ terminals: 50, meters: 2, profile: 'mixed' }).slice(0, 5))
  })

  it('refuses numbers that do not fit', () => {
    expect(() => fleetRegistry({ terminals: 2, meters: 1000, profile: 'plain' })).toThrow()
    expect(() => fleetRegistry({ terminals: 2, meters: 1, profile: 'plain', firstAddress: 199_999_999_999 })).toThrow()
  })
})
