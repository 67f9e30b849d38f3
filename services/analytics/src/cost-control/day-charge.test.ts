import { TARIFFS, exact } from '@zhuzhan/energy-audit'
import { dayCharge } from './day-charge.js'

const register = (index: number, energy: string | null, state = 'measured') => ({ index, energy, state })
const residential = TARIFFS.find(({ id }) => id === 'ZJ-RES')
const ONE = exact('1')

test('registers by period times prices, each rounded to 0.0001', () => {
  const registers = [register(1, '10.01'), register(2, '0'), register(3, '6.01'), register(4, '0'), register(5, '4')]
  // 6.01 x 0.568 + 4 x 0.288
  expect(dayCharge(registers, {}, residential, ONE, exact('0'))).toEqual({ amount: 34_137n + 11_520n, quality: 'measured', notApplied: [] })
  // The whole day lies above the second step: 0.3 more for each kWh.
  expect(dayCharge(registers, {}, residential, ONE, exact('4800'))).toMatchObject({ amount: 34_137n + 11_520n + 30_030n })
  expect(dayCharge(registers, {}, residential, ONE, undefined)).toMatchObject({ amount: 45_657n, notApplied: ["yearly steps: no register of the year's begin"] })
})

test('prices of the contract beat the tariff; a flat price needs the total only', () => {
  expect(dayCharge([register(1, '3.33')], { prices: { flat: '0.53835' } }, residential, ONE, undefined)).toMatchObject({ amount: 17_927n })
  expect(dayCharge([register(1, '2'), register(3, '1'), register(5, '1')], { prices: { peak: '1.1', valley: '0.3' } }, undefined, ONE, undefined)).toMatchObject({ amount: 14_000n })
})

test('what the registers do not carry is refused, never guessed', () => {
  const refused = (...given: Parameters<typeof dayCharge>): string => { const charge = dayCharge(...given); return 'refused' in charge ? charge.refused : '' }
  expect(refused([register(1, null, 'backwards')], {}, residential, ONE, undefined)).toContain('backwards')
  expect(refused([register(1, '10'), register(3, '6'), register(5, '3')], {}, residential, ONE, undefined)).toContain('add up')
  expect(refused([register(1, '10')], {}, residential, ONE, undefined)).toContain('add up')
  expect(refused([register(1, '10')], {}, undefined, ONE, undefined)).toContain('neither')
  expect(refused([register(1, '10'), register(3, '6'), register(5, '4')], {}, TARIFFS.find(({ id }) => id === 'ZJ-CI-2026'), ONE, undefined)).toContain('no price')
})

test('one estimated register makes an estimated charge', () => {
  expect(dayCharge([register(1, '1'), register(3, '1', 'estimated')], {}, residential, ONE, undefined)).toMatchObject({ quality: 'estimated' })
})
