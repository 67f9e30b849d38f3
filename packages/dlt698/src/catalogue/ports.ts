import { any, comdcb, enumeration, list, oad, octets, seconds16, structure, text, tsa } from './layouts.js'
import type { ObjectRow } from './model.js'
import { attribute, method, objectsOf } from './objects.js'

const object = objectsOf('§8.7')

const FUNCTION = enumeration({ 0: ['uplink', '上行通信'], 1: ['meter reading', '抄表'], 2: ['cascade', '级联'], 3: ['off', '停用'] })
const PORT = structure(['descriptor', '端口描述符', text], ['settings', '通信参数', comdcb], ['function', '端口功能', FUNCTION])
const CONFIGURE = structure(['port', '端口号', oad], ['settings', '通信参数', comdcb], ['function', '端口功能', FUNCTION])

/** A serial port: RS-232, RS-485, infrared. */
const serial = (oi: string, name: string, nameZh: string): ObjectRow => object(oi, 22, name, nameZh, {
  attributes: { 2: attribute(name, nameZh, list(PORT)) }, methods: { 127: method('Configure port', '配置端口', CONFIGURE) },
})

/** Input and output devices, class 22, and displays, class 17. */
export const ports: readonly ObjectRow[] = [
  serial('F200', 'RS-232 ports', 'RS232'),
  serial('F201', 'RS-485 ports', 'RS485'),
  serial('F202', 'Infrared ports', '红外'),
  object('F203', 22, 'Digital inputs', '开关量输入', {
    attributes: {
      2: attribute('Digital inputs', '开关量输入', list(structure(['state', '状态ST', any], ['change', '变位CD', any])), { access: 'read' }),
      4: attribute('Digital input properties', '开关量属性标志', structure(['connected', '开关量接入标志', any], ['property', '开关量属性标志', any])),
    },
  }),
  object('F205', 22, 'Relay outputs', '继电器输出', {
    attributes: {
      2: attribute('Relay outputs', '继电器输出', list(structure(
        ['descriptor', '描述符', text], ['state 1', '状态1', enumeration()], ['state 2', '状态2', enumeration()], ['state 3', '状态3', enumeration()],
      ))),
    },
  }),
  object('F206', 22, 'Alarm outputs', '告警输出'),
  object('F207', 22, 'Multi-function ports', '多功能端子', {
    attributes: {
      2: attribute('Multi-function ports', '多功能端子', list(enumeration({ 0: ['second pulse', '秒脉冲输出'], 1: ['demand cycle', '需量周期'], 2: ['period switching', '时段投切'] }))),
    },
  }),
  object('F209', 22, 'Carrier or micro-power wireless interface', '载波/微功率无线接口', {
    attributes: {
      2: attribute('Carrier or micro-power wireless interface', '载波/微功率无线接口', list(structure(
        ['descriptor', '端口描述符', text], ['settings', '通信参数', comdcb], ['version', '版本信息', any],
      ))),
    },
    methods: {
      127: method('Transparent forwarding', '透明转发', structure(['address', '通信地址', tsa], ['timeout', '超时时间', seconds16], ['frame', '报文', octets]), { returns: octets }),
      128: method('Configure port', '配置端口参数', structure(['port', '端口号', oad], ['settings', '通信参数', comdcb])),
    },
  }),
  object('F20B', 22, 'Bluetooth', '蓝牙模块'),
  object('F300', 17, 'Automatic display', '自动轮显'),
  object('F301', 17, 'Key display', '按键轮显'),
]
