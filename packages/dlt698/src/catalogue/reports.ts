import { any, enumeration, flags, list, oad, structure } from './layouts.js'
import type { ObjectRow } from './model.js'
import { attribute, objectsOf } from './objects.js'

const object = objectsOf('§8.8')

/** One channel and how far it got. UNSURE order: bit 0 occurrence reported, 1 confirmed, 2 recovery reported, 3 confirmed. */
const CHANNEL = structure(['channel', '通道', oad], ['state', '上报状态', any])

/** Units of other events, whose layout is not known: 3303 to 330F without 3309. Numbers from general knowledge, UNSURE. */
const OTHERS = ['3303', '3304', '3305', '3306', '3307', '3308', '330A', '330B', '330C', '330D', '330E', '330F']

/** Record units and report parameters, class 8. */
export const reports: readonly ObjectRow[] = [
  object('3300', 8, 'Channel report state', '通道上报状态', {
    attributes: { 2: attribute('Channel report state', '通道上报状态', list(CHANNEL), { access: 'read', confidence: 'recorded' }) },
  }),
  object('3301', 8, 'Standard event record unit', '标准事件记录单元'),
  object('3302', 8, 'Programming record unit', '编程事件记录单元'),
  ...OTHERS.map((oi) => object(oi, 8, `Event record unit ${oi}`, `事件记录单元${oi}`, { confidence: 'unsure' })),
  object('3309', 8, 'Power down or up record unit', '停/上电事件记录单元', {
    // The recorded report names a member of the unit as a column: 33090206 is member 6.
    attributes: {
      2: attribute('Power down or up record unit', '停/上电事件记录单元', structure(
        ['member 1', '成员1', any], ['member 2', '成员2', any], ['member 3', '成员3', any], ['member 4', '成员4', any],
        ['source', '发生源', enumeration({ 0: ['power down', '停电'], 1: ['power up', '上电'] })],
        ['property', '属性标志', flags({ 0: ['normal', '事件正常'], 1: ['valid', '事件有效'] })],
      ), { access: 'read', confidence: 'recorded' }),
    },
  }),
  object('3320', 8, 'Newly reported events', '新增上报事件列表', {
    attributes: { 2: attribute('Newly reported events', '新增上报事件列表', list(oad), { access: 'read' }) },
  }),
]
