import { capacityUse, twoPartOf } from './capacity.js'
import { exact, exactText } from './exact.js'
import { classOf, lineLossOf } from './line-loss.js'
import { balancingShare, largestMeanCurrent, samplesInColumns, unbalanceOf, voltageQuality } from './samples.js'
import { economicBeta, plateOf, transformerUse } from './transformer.js'

describe('capacity and the two-part tariff', () => {
  test('use', () => expect([capacityUse(exact('252'), exact('630')), capacityUse(exact('1'), undefined), capacityUse(exact('1'), 0n)]).toEqual([0.4, undefined, undefined]))
  // 630 x 30 = 18,900; 252.5 x 48 = 12,120.
  test('the cheaper of the two fees and the difference', () => {
    const found = twoPartOf(exact('252.5'), { capacity: exact('630'), capacityPrice: exact('30'), demandPrice: exact('48') })
    expect(found).toEqual({ capacityFee: exact('18900'), demandFee: exact('12120'), cheaper: 'demand', difference: exact('6780') })
    expect(twoPartOf(exact('600'), { capacity: exact('630'), capacityPrice: exact('30'), demandPrice: exact('48') })).toMatchObject({ cheaper: 'capacity', difference: exact('9900') })
    expect(twoPartOf(exact('300'), { capacity: exact('480'), capacityPrice: exact('30'), demandPrice: exact('48') })).toMatchObject({ cheaper: 'equal' })
    expect(twoPartOf(exact('600'), { capacity: exact('630'), capacityPrice: exact('30') })).toBeUndefined()
  })
})

describe('voltage', () => {
  const volts = (...values: (number | undefined)[]) => ({ time: values.length, volts: values })
  test('single phase: 198.0 to 235.4 V are inside', () => {
    const found = voltageQuality(samplesInColumns([volts(198), volts(235.4), volts(197.9), volts(235.5)]), 220, 1)
    expect(found).toMatchObject({ values: 4, share: 0.5, hoursHigh: 0.25, hoursLow: 0.25, highest: { volts: 235.5 }, lowest: { volts: 197.9 } })
  })
  test('three phases: 204.6 to 235.4 V; an hour counts once, whichever phase', () => {
    const found = voltageQuality(samplesInColumns([volts(204.6, 235.4, 220), volts(204.5, 204.4, undefined), volts(240, 200, 220)]), 220, 3)
    expect(found).toMatchObject({ values: 8, share: 0.5, hoursHigh: 0.25, hoursLow: 0.5, lowest: { volts: 200, phase: 1 } })
  })
  test('nothing seen', () => expect(voltageQuality(samplesInColumns([{ time: 0 }]), 220, 1)).toBeUndefined())
})

describe('unbalance', () => {
  const amps = (...values: number[]) => ({ time: values[0] ?? 0, amps: values })
  // (12 - 10) / 10 = 0.2; (11 - 10) / 10 = 0.1.
  test('largest less mean by mean', () => {
    const found = unbalanceOf(samplesInColumns([amps(12, 9, 9), amps(11, 10, 9), amps(0.3, 0.1, 0.1)]), 'amps', 0.15, 1)
    expect(found).toMatchObject({ values: 2, worst: { share: 0.2, time: 12 }, overShare: 0.5 })
    expect(found?.mean).toBeCloseTo(0.15, 12)
  })
  test('a missing phase or no current is not judged', () => expect(unbalanceOf(samplesInColumns([amps(1, 2), amps(0, 0, 0)]), 'amps', 0.15)).toBeUndefined())
  test('largest mean', () => expect(largestMeanCurrent(samplesInColumns([amps(3, 3, 3), amps(9, 0, 6)]))).toBe(5))
  // One phase alone: 1 + neutral 1 = 2 against 3 x (1/3)^2 = 1/3: five sixths of the loss go.
  test('what balancing saves', () => {
    expect(balancingShare(samplesInColumns([amps(1, 0, 0)]))).toBeCloseTo(5 / 6, 12)
    expect(balancingShare(samplesInColumns([amps(7, 7, 7)]))).toBeCloseTo(0, 12)
    expect(balancingShare(samplesInColumns([]))).toBeUndefined()
  })
})

describe('transformer', () => {
  const plate = plateOf({ rated: '100', noLoadLoss: '0.2', loadLoss: '1.8' })
  // 20 kWh a quarter hour are 80 kW, at 0.8 100 kVA: beta 1. 21 kWh: 1.05. 4 kWh at 1: beta 0.16.
  const found = transformerUse([
    { from: 1, energy: exact('20'), powerFactor: exact('0.8') }, { from: 2, energy: exact('21'), powerFactor: exact('0.8') },
    { from: 3, energy: exact('4'), powerFactor: exact('1') }, { from: 4, energy: exact('50'), powerFactor: undefined },
  ], plate)
  test('hours over, heavy, light', () => expect(found).toMatchObject({ intervals: 3, overloadHours: 0.25, heavyHours: 0.5, lightHours: 0.25, highest: { time: 2 } }))
  // Three quarter hours x 0.2 kW = 0.15; (1 + 1.1025 + 0.0256) x 1.8 / 4 = 0.957645.
  test('losses', () => expect([found?.noLoad, found?.load, found?.loss].map((one) => exactText(one ?? 0n))).toEqual(['0.15', '0.957645', '1.107645']))
  test('economic beta: sqrt(0.2 / 1.8) = 1/3', () => {
    expect(economicBeta(plate)).toBeCloseTo(1 / 3, 11)
    expect(economicBeta({ ...plate, loadLoss: 0n })).toBeNull()
  })
})

describe('line loss of an area', () => {
  const area = { supply: exact('1000'), feedIn: exact('200'), sales: exact('1140'), metersExpected: 100, metersWithBoth: 99 }
  test('(1000 + 200 - 1140) / 1200 = 5 %', () => expect(lineLossOf(area)).toMatchObject({ loss: exact('60'), percent: 5, coverage: 0.99, lossClass: 'normal' }))
  test('no judgement under 98 % of the meters', () => expect(lineLossOf({ ...area, metersWithBoth: 97 }).lossClass).toBeUndefined())
  test('nothing came in', () => expect(lineLossOf({ ...area, supply: 0n, feedIn: 0n })).toMatchObject({ percent: undefined, lossClass: undefined }))
  test.each([[-1.5, 'negative'], [-1, 'zero'], [-0.1, 'zero'], [0, 'normal'], [7, 'normal'], [7.1, 'raised'], [10, 'raised'], [10.1, 'high']])('%d %% is %s', (percent, expected) => expect(classOf(percent)).toBe(expected))
})
