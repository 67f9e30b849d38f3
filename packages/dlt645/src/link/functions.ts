import type { Words } from '@zhuzhan/codec'
import type { AddressKind } from './address.js'

export interface FunctionRow extends Words {
  code: number
  /** Which addresses a request may carry. Reference §1, address rules. */
  addresses: readonly AddressKind[]
}

const ONE: readonly AddressKind[] = ['meter']
const ANY: readonly AddressKind[] = ['meter', 'wildcard']
const ALL: readonly AddressKind[] = ['meter', 'broadcast']

function row(code: number, en: string, zh: string, addresses: readonly AddressKind[]): FunctionRow {
  return { code, en, zh, addresses }
}

/** Functions of the control code, reference §2. */
export const FUNCTIONS: readonly FunctionRow[] = [
  // One firmware takes a wildcard for identifiers that read (DI2 bit 7 set).
  row(0x03, 'security', '安全认证', ANY),
  row(0x08, 'broadcast time', '广播校时', ['broadcast']),
  row(0x11, 'read', '读数据', ANY),
  row(0x12, 'read the next part', '读后续数据', ANY),
  row(0x13, 'read address', '读通信地址', ANY),
  row(0x14, 'write', '写数据', ONE),
  row(0x15, 'write address', '写通信地址', ANY),
  row(0x16, 'freeze', '冻结命令', ALL),
  row(0x17, 'change baud rate', '更改通信速率', ONE),
  row(0x18, 'change password', '修改密码', ONE),
  row(0x19, 'clear maximum demand', '最大需量清零', ONE),
  row(0x1a, 'clear meter', '电表清零', ONE),
  row(0x1b, 'clear events', '事件清零', ONE),
  row(0x1c, 'relay control, alarm, keep power', '跳合闸、报警、保电', ONE),
  row(0x1d, 'multi-function terminal', '多功能端子输出控制', ALL),
  row(0x1e, 'report of HPLC equipment', 'HPLC设备上报', ANY),
  row(0x1f, 'vendor function', '厂家自定义', ANY),
]

const byCode = new Map(FUNCTIONS.map((entry) => [entry.code, entry]))

export function functionRow(code: number): FunctionRow | undefined {
  return byCode.get(code)
}
