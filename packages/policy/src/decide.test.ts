import { STRICT, algorithmsFor, algorithmsOf, bindingAlgorithms, decideCipher, hardwareCiphersOf, mustRun, policySettings } from './index.js'
import type { BoundaryName, PolicySettings } from './index.js'

const code = (work: () => unknown): string => {
  try {
    work()
    return 'none'
  } catch (error) {
    return (error as { code: string }).code
  }
}
const laboratory: PolicySettings = { production: false, hardware: [], laboratory: ['SM1'] }

describe('published algorithms', () => {
  it('run in software, whatever is configured', () => {
    for (const settings of [STRICT, laboratory]) {
      expect(algorithmsFor('bluetooth', 'phone', settings)).toEqual({
        boundary: 'bluetooth', peer: 'phone', pairing: 'QR', available: true, substituted: false,
        authentication: { asked: 'SM2', runs: 'SM2', by: 'software', available: true },
        encryption: { asked: 'SM4', runs: 'SM4', by: 'software', available: true },
        integrity: { asked: 'SM3', runs: 'SM3', by: 'software', available: true },
      })
    }
    expect(mustRun(algorithmsFor('hplc', 'charging-pile')).pairing).toBeUndefined()
  })
})

describe('SM1 and SM7', () => {
  it('without a device the station refuses', () => {
    const decision = algorithmsFor('bluetooth', 'handheld')
    expect(decision).toMatchObject({ available: false, substituted: false, encryption: { asked: 'SM1', runs: 'SM1', by: 'hardware only', available: false } })
    expect(code(() => mustRun(decision))).toBe('PROFILE_REFUSED')
    expect(decideCipher('SM7')).toEqual({ asked: 'SM7', runs: 'SM7', by: 'hardware only', available: false })
  })
  it('with a device they run there, in production too', () => {
    const settings: PolicySettings = { production: true, hardware: ['SM1'], laboratory: [] }
    expect(mustRun(algorithmsFor('bluetooth', 'handheld', settings))).toMatchObject({ substituted: false, authentication: { runs: 'SM1', by: 'hardware only', available: true } })
    expect(decideCipher('SM7', settings).available).toBe(false)
  })
  it('a laboratory may switch on SM4 in their place, each by itself, and it shows', () => {
    expect(mustRun(algorithmsFor('bluetooth', 'handheld', laboratory))).toMatchObject({
      available: true, substituted: true,
      authentication: { asked: 'SM1', runs: 'SM4', by: 'substituted' }, encryption: { runs: 'SM4', by: 'substituted' }, integrity: { runs: 'SM4', by: 'substituted' },
    })
    expect(decideCipher('SM7', laboratory).by).toBe('hardware only')
    expect(algorithmsFor('bluetooth', 'breaker', laboratory).substituted).toBe(false)
  })
  it('a device that is there goes before the substitution', () => {
    expect(decideCipher('SM1', { production: false, hardware: ['SM1'], laboratory: ['SM1'] }).by).toBe('hardware only')
  })
  // Mutation seen failing: `policySettings` returning its argument unchecked.
  it('production refuses the substitution, wherever it is asked', () => {
    const wrong: PolicySettings = { production: true, hardware: [], laboratory: ['SM1'] }
    expect([() => policySettings(wrong), () => decideCipher('SM1', wrong), () => decideCipher('SM4', wrong), () => algorithmsFor('hplc', 'appliance', wrong), () => algorithmsOf('metering', wrong)].map(code))
      .toEqual(Array.from({ length: 5 }, () => 'CONFIG_INVALID'))
  })
  it('the operator names them by their names', () => {
    expect([hardwareCiphersOf(''), hardwareCiphersOf('SM1'), hardwareCiphersOf(' SM7, SM1,SM7')]).toEqual([[], ['SM1'], ['SM7', 'SM1']])
    expect(['SM4', 'sm1', 'all'].map((text) => code(() => hardwareCiphersOf(text)))).toEqual(['CONFIG_INVALID', 'CONFIG_INVALID', 'CONFIG_INVALID'])
  })
})

describe('modules', () => {
  it('the chip decides', () => {
    expect(algorithmsOf('metering').map(({ by }) => by)).toEqual(['hardware only'])
    expect(algorithmsOf('carrier')).toEqual([])
    expect(algorithmsOf('management', laboratory).map(({ runs }) => runs)).toEqual(['SM4', 'SM2', 'SM3', 'SM4'])
  })
  it('a binding uses what both ends have', () => {
    const asked = (module: Parameters<typeof bindingAlgorithms>[0]) => bindingAlgorithms(module).map((one) => one.asked)
    expect([asked('metering'), asked('expansion-a'), asked('expansion-b'), asked('carrier'), asked('management')]).toEqual([['SM1'], ['SM1'], ['SM2', 'SM3', 'SM4'], [], []])
  })
})

it('what no table names is not allowed', () => {
  expect(code(() => algorithmsFor('hplc', 'phone' as 'appliance'))).toBe('NOT_FOUND')
  expect(code(() => algorithmsFor('usb' as BoundaryName, 'phone' as 'appliance'))).toBe('NOT_FOUND')
  expect(code(() => algorithmsOf('clock' as 'carrier'))).toBe('NOT_FOUND')
})
