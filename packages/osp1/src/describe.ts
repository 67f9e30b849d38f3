import type { Words } from '@zhuzhan/codec'
import { METHODS, describeItem } from '@zhuzhan/dlt698'
import type { Apdu, Data } from '@zhuzhan/dlt698'
import { describeOrderBody } from './describe-order.js'
import { decodeMandate } from './mandate.js'
import { decodeOrder } from './order.js'
import { TASKS } from './tasks.js'
import { decodeTicket } from './ticket.js'
import { signedApdu } from './ticket-content.js'

/** What a signing screen shows, read from the bytes that will be signed and from nothing else. §7.6 */
export interface Described {
  title: Words
  /** Name and value of each line, in both languages. */
  lines: { label: Words; value: Words }[]
}

const words = (en: string, zh: string): Words => ({ en, zh })
const same = (text: string): Words => ({ en: text, zh: text })
const line = (en: string, zh: string, value: Words | string): Described['lines'][number] => ({
  label: words(en, zh),
  value: typeof value === 'string' ? same(value) : value,
})
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase()
const moment = (seconds: number): string => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z')

/** An area as hex, with its letters when it has any. */
function area(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('latin1').replace(/\0+$/, '')
  return /^[ -~]+$/.test(text) ? `${hex(bytes)} (${text})` : hex(bytes)
}

/** D of the formal key state is 0000 and the meter's number; every other D is a chip serial. */
function device(dispersion: Uint8Array): string {
  const text = hex(dispersion)
  return /^0000[0-9]{12}$/.test(text) ? text.slice(4) : `chip ${text}`
}

const TASK_WORDS: Readonly<Record<number, Words>> = {
  2: words('security parameters', '安全参数'),
  5: words('parameters', '参数设置'),
  6: words('files and programs', '文件与程序'),
  8: words('control', '控制'),
}

/** @throws HesError TICKET_REFUSED for bytes that are no ticket */
export function describeTicket(tkt: Uint8Array): Described {
  const ticket = decodeTicket(tkt)
  const actions = describeApdu(signedApdu(ticket))
  const shown = ticket.devices.map(device)
  return {
    title: words('Command ticket', '控制命令票'),
    lines: [
      line('Task', '任务', TASK_WORDS[ticket.task] ?? `${ticket.task}${ticket.task in TASKS ? '' : ' ?'}`),
      ...actions,
      line('Devices', '设备数', String(shown.length)),
      ...shown.map((name) => line('Device', '设备', name)),
      line('Area', '区域', area(ticket.area)),
      line('Operator', '操作员', hex(ticket.operatorId)),
      line('Approver', '审批员', ticket.approverId.every((byte) => byte === 0) ? words('none', '无') : hex(ticket.approverId)),
      ...validity(ticket),
      line('Ticket', '票号', hex(ticket.ticketId)),
      ...station(ticket),
    ],
  }
}

/** @throws HesError TICKET_REFUSED for bytes that are no mandate */
export function describeMandate(tkm: Uint8Array): Described {
  const mandate = decodeMandate(tkm)
  return {
    title: words('Standing mandate: a service may allow closing', '常设授权：服务可自行允许合闸'),
    lines: [
      line('Service', '服务', hex(mandate.serviceId)),
      line('Area', '区域', area(mandate.area)),
      line('At most per hour', '每小时最多', String(mandate.perHour)),
      line('At most per day', '每天最多', String(mandate.perDay)),
      ...validity(mandate),
      line('Mandate', '授权号', hex(mandate.mandateId)),
      ...station(mandate),
    ],
  }
}

/** @throws HesError ORDER_REFUSED for bytes that are no order */
export function describeOrder(ord: Uint8Array): Described {
  const order = decodeOrder(ord)
  const { title, lines } = describeOrderBody(order.body, (bytes) => area(Buffer.from(bytes, 'hex')))
  return {
    title,
    lines: [
      ...lines,
      line('First administrator', '第一管理员', hex(order.firstId)),
      line('Second administrator', '第二管理员', order.secondId.every((byte) => byte === 0) ? words('none', '无') : hex(order.secondId)),
      ...validity(order),
      line('Order', '指令号', hex(order.orderId)),
      ...station(order),
    ],
  }
}

const validity = ({ notBefore, notAfter }: { notBefore: number; notAfter: number }): Described['lines'] => [
  line('Valid from', '生效时间', moment(notBefore)),
  line('Valid until', '失效时间', moment(notAfter)),
]
const station = ({ stationId, epoch }: { stationId: Uint8Array; epoch: Uint8Array }): Described['lines'] => [
  line('Station', '主站', hex(stationId)),
  line('Epoch', '纪元', hex(epoch)),
]

const METHOD_ROWS = new Map(Object.values(METHODS).map((row) => [row.omd as string, row]))
const set = (oad: string, data: Data): Described['lines'] => {
  const item = describeItem(oad)
  const name = item ? words(`${item.name} (${oad})`, `${item.nameZh}（${oad}）`) : same(oad)
  const clock = data.type === 'date-time-s' && data.value.year === 0xffff
  return [line('Set', '设置', name), line('Value', '值', clock ? words('the time of sealing', '加密时刻的时间') : dataText(data))]
}
const call = (omd: string, parameter: Data): Described['lines'] => {
  const row = METHOD_ROWS.get(omd)
  return [
    line('Action', '操作', row ? words(`${row.name} (${omd})`, `${row.nameZh}（${omd}）`) : same(omd)),
    line('Parameter', '参数', dataText(parameter)),
  ]
}
const meter = (address: string): Described['lines'][number] => line('Meter behind it', '其下电表', address)

function describeApdu(apdu: Apdu): Described['lines'] {
  if (apdu.apdu === 'set-request' && apdu.choice === 'normal') return set(apdu.oad, apdu.data)
  if (apdu.apdu === 'action-request' && apdu.choice === 'normal') return call(apdu.omd, apdu.parameter)
  if (apdu.apdu === 'proxy-request') {
    switch (apdu.choice) {
      case 'set-list':
      case 'set-then-get-list':
        return apdu.targets.flatMap(({ tsa, items }) => [meter(tsa.address), ...items.flatMap(({ oad, data }) => set(oad, data))])
      case 'action-list':
      case 'action-then-get-list':
        return apdu.targets.flatMap(({ tsa, actions }) => [
          meter(tsa.address),
          ...actions.flatMap(({ omd, parameter }) => call(omd, parameter)),
        ])
      case 'trans-command':
        return [line('Forward to the bus', '透明转发', apdu.oad), line('Bytes', '报文', hex(apdu.command))]
      case 'get-list':
      case 'get-record':
    }
  }
  return [line('Service', '服务', apdu.apdu)]
}

/** A value of the wire, short and complete: nothing that is signed stays unseen. */
export function dataText(data: Data): string {
  switch (data.type) {
    case 'null':
      return '-'
    case 'array':
      return `[${data.items.map(dataText).join(', ')}]`
    case 'structure':
      return `{${data.items.map(dataText).join(', ')}}`
    case 'oad':
    case 'omd':
      return data.type === 'oad' ? data.oad : data.omd
    case 'octet-string':
      return data.hex
    default: {
      const { type, ...rest } = data
      const values = Object.values(rest as Record<string, unknown>)
      const [only] = values
      return `${type} ${values.length === 1 && typeof only !== 'object' ? String(only) : JSON.stringify(rest, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))}`
    }
  }
}
