import type { Words } from '@zhuzhan/codec'
import { describeFirmwareOrder } from './describe-firmware.js'
import type { OrderBody, PolicyEntry } from './order-body.js'
import type { Described } from './describe.js'

const words = (en: string, zh: string): Words => ({ en, zh })
const ROOT_KEY_TITLES = {
  'root-keys': words('Make new root keys', '生成新根密钥'),
  'root-keys-withdraw': words('Withdraw root keys', '停用根密钥'),
  'root-keys-destroy': words('Destroy root keys for good', '销毁根密钥'),
}
const line = (en: string, zh: string, value: Words | string): Described['lines'][number] => ({
  label: words(en, zh),
  value: typeof value === 'string' ? words(value, value) : value,
})
const ROLE_WORDS: Readonly<Record<string, Words>> = {
  operator: words('operator', '操作员'),
  approver: words('approver', '审批员'),
  administrator: words('administrator', '管理员'),
  service: words('service', '服务'),
}
const STATE_WORDS: Readonly<Record<string, Words>> = {
  active: words('active', '启用'),
  suspended: words('suspended', '停用'),
  withdrawn: words('withdrawn for good', '永久注销'),
}
const ALLOWANCE_WORDS: Readonly<Record<PolicyEntry['allows'], Words>> = {
  'operator-alone': words('one operator may sign alone', '一名操作员可单独签署'),
  'service-alone': words('a service may sign alone', '服务可单独签署'),
  scheduled: words('tickets may be valid for up to 24 hours', '命令票有效期可达24小时'),
}
const joined = (all: readonly Words[]): Words => words(all.map(({ en }) => en).join(', '), all.map(({ zh }) => zh).join('、'))
const devices = (addresses: readonly string[]): Described['lines'] => [
  line('Devices', '设备数', String(addresses.length)),
  ...addresses.map((address) => line('Device', '设备', address)),
]
const policyLines = (entry: PolicyEntry): Described['lines'] => [
  line('Task', '任务', String(entry.task)),
  line('Service', '服务', entry.service === 6 ? 'SET' : 'ACTION'),
  line('Object', '对象', entry.target),
  line('Allows', '允许', ALLOWANCE_WORDS[entry.allows]),
]

/** Title and lines of what is ordered; `area` puts an area into words. */
export function describeOrderBody(body: OrderBody, area: (hex: string) => string): Described {
  switch (body.kind) {
    case 'person':
      return {
        title: words('Enter or change a person', '登记或变更人员'),
        lines: [
          line('Person', '人员', body.person),
          line('Name', '姓名', body.name),
          line('Roles', '角色', joined(body.roles.map((role) => ROLE_WORDS[role] ?? words(role, role)))),
          line('Areas', '区域', body.areas.length === 0 ? words('none', '无') : body.areas.map(area).join(', ')),
          line('Public key', '公钥', body.publicKey),
        ],
      }
    case 'person-state':
      return {
        title: words('Change the state of a person', '变更人员状态'),
        lines: [line('Person', '人员', body.person), line('State', '状态', STATE_WORDS[body.state] ?? body.state)],
      }
    case 'place':
      return {
        title: words('Place devices', '登记设备位置'),
        lines: [
          line('Area', '区域', area(body.area)),
          line('Protection', '防护', body.profile),
          line('Behind terminal', '所属终端', body.terminal ?? words('none', '无')),
          line('Offset from UTC in minutes', '时区（分钟）', String(body.offsetMinutes)),
          ...devices(body.addresses),
        ],
      }
    case 'unplace':
      return { title: words('Remove devices from their places', '撤销设备位置'), lines: devices(body.addresses) }
    case 'policy-set':
      return { title: words('Set a policy entry', '设置策略条目'), lines: policyLines(body) }
    case 'policy-remove':
      return { title: words('Remove a policy entry', '删除策略条目'), lines: policyLines(body) }
    case 'bind-modules':
      return {
        title: words('Bind modules to a meter; it counts as trusted again', '绑定模块，电表恢复可信'),
        lines: [
          line('Meter', '电表', body.address),
          ...body.modules.map((one) =>
            line(`Module in slot ${one.slot}`, `槽位${one.slot}的模块`, {
              en: `serial ${one.serial}, model ${one.model}, ${one.chip ? `chip, key ${one.keyState}/${one.keyVersion}` : 'no chip'}`,
              zh: `序列号${one.serial}，型号${one.model}，${one.chip ? `有安全芯片，密钥${one.keyState}/${one.keyVersion}` : '无安全芯片'}`,
            }),
          ),
        ],
      }
    case 'mandate-revoke':
      return { title: words('Revoke a standing mandate', '撤销常设授权'), lines: [line('Mandate', '授权号', body.mandate)] }
    case 'root-keys':
    case 'root-keys-withdraw':
    case 'root-keys-destroy':
      return {
        title: ROOT_KEY_TITLES[body.kind],
        lines: [line('Key state', '密钥状态', String(body.keyState)), line('Version', '版本', String(body.keyVersion))],
      }
    case 'key-update':
      return {
        title: words('Give devices new keys', '更新设备密钥'),
        lines: [line('Key state', '密钥状态', String(body.keyState)), line('Version', '版本', String(body.keyVersion)), ...devices(body.addresses)],
      }
    case 'key-update-abort':
      return { title: words('Abort key updates', '中止密钥更新'), lines: devices(body.addresses) }
    case 'group':
      return { title: words('Enter devices in a group of clock broadcasts', '将设备编入广播校时组'), lines: [line('Group', '组', body.group), ...devices(body.addresses)] }
    case 'ungroup':
      return { title: words('Take devices out of their groups', '将设备移出所属组'), lines: devices(body.addresses) }
    case 'firmware-vendor':
    case 'firmware-vendor-withdraw':
    case 'firmware-release':
    case 'firmware-withdraw':
      return describeFirmwareOrder(body)
    case 'suspect':
      return { title: words('Treat devices as suspect: reads only', '将设备列为可疑：仅允许读取'), lines: devices(body.addresses) }
  }
}
