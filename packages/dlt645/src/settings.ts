import type { Setting } from '@zhuzhan/codec'

/** Readings of the reference's UNSURE points, chosen by name. Values are text. */
export type Settings = Readonly<Record<string, unknown>>

const words = (en: string, zh: string) => ({ en, zh })
const UNREAD = words('not laid out: stays hexadecimal', '不解析,保留十六进制')

const ROWS = [
  {
    name: 'textOrder', clause: 'dlt645-2007.md §4.4', default: 'low-first', words: words('Order of the characters of ASCII items', 'ASCII码数据项的字符顺序'),
    readings: { 'low-first': words('last character first, as numbers are sent (§1)', '低位在前(与数值相同)'), 'as-sent': words('first character first', '按发送顺序') },
  },
  {
    name: 'unmarkedSign', clause: 'dlt645-2007.md §3, §4.3', default: 'signed',
    words: words('Neutral current and one-minute mean power: §3 counts currents and powers as signed, their rows in §4.3 carry no mark', '零线电流、一分钟平均功率是否带符号'),
    readings: { signed: words('top bit is the sign', '最高位为符号位'), unsigned: words('no sign', '无符号') },
  },
  {
    name: 'price', clause: 'dlt645-2007.md §4.3', default: 'XXXX.XXXX', words: words('Present price 0280000B', '当前电价 0280000B'),
    readings: { 'XXXX.XXXX': words('four bytes, four decimals', '4字节,4位小数'), absent: words('not in the base table: stays hexadecimal', '基本表中无此项,保留十六进制') },
  },
  {
    name: 'keepPowerBit', clause: 'dlt645-2007.md §4.5', default: '12', words: words('Bit of run status word 3 that says keep power', '状态字3中的保电位'),
    readings: { 12: words('bit 12', '第12位'), 13: words('bit 13', '第13位') },
  },
  {
    name: 'hourlyFreeze', clause: 'dlt645-2007.md §4.6', default: 'rows', words: words('Hourly freeze 0504', '整点冻结 0504'),
    readings: {
      rows: words('rows as in the other freezes', '与其他冻结相同'),
      extension: words('a state extension with another body: stays hexadecimal', '扩展格式,保留十六进制'),
    },
  },
  {
    name: 'loadRecord', clause: 'dlt645-2007.md §4.6', default: 'framed', words: words('Body of a load record', '负荷记录的格式'),
    readings: { framed: words('A0 A0, length, time, groups ended by AA, checksum, E5', 'A0A0、长度、时间、以AA结束的分组、校验、E5'), unread: UNREAD },
  },
  {
    name: 'eventRecord', clause: 'dlt645-2007.md §4.7', default: 'unread', words: words('Start of an event record', '事件记录的开头'),
    readings: { unread: UNREAD, 'start-end': words('start and end time of six bytes each (their size is not in the reference)', '发生时刻、结束时刻各6字节(参考资料未给出长度)') },
  },
  {
    name: 'coverEvents', clause: 'dlt645-2007.md §4.7', default: '0D-meter-cover',
    words: words('Which of 03300D and 03300E is the meter cover', '03300D与03300E哪个是开表盖'),
    readings: {
      '0D-meter-cover': words('0D meter cover, 0E terminal cover', '0D开表盖,0E开端钮盖'),
      '0D-terminal-cover': words('0D terminal cover, 0E meter cover', '0D开端钮盖,0E开表盖'),
    },
  },
  {
    name: 'keyUpdate', clause: 'dlt645-2007.md §6', default: 'control-first', words: words('Which key 070201FF and 070202FF update', '070201FF与070202FF更新的密钥'),
    readings: {
      'control-first': words('0201 control, 0202 parameter key', '0201控制命令密钥,0202参数更新密钥'),
      'parameter-first': words('0201 parameter, 0202 control key', '0201参数更新密钥,0202控制命令密钥'),
    },
  },
  {
    name: 'keyBlocks', clause: 'dlt645-2007.md §6', default: 'blocks', words: words('Key update 070301FF (2013 style)', '密钥更新 070301FF'),
    readings: {
      blocks: words('n keys of 32 bytes and a MAC', 'n个32字节密钥块加MAC'),
      unread: words('another identifier carries it: stays hexadecimal', '非此标识,保留十六进制'),
    },
  },
  {
    name: 'authenticationOrder', clause: 'dlt645-2007.md §6', default: 'low-first', words: words('Byte order of ciphertext 1 and random 1', '密文1与随机数1的字节顺序'),
    readings: { 'low-first': words('each reversed, low byte first', '各自倒序,低字节在前'), 'as-sent': words('as sent', '按发送顺序') },
  },
  {
    name: 'sealedWrite', clause: 'dlt645-2007.md §5.2, §5.3', default: 'whole',
    words: words('Order of ciphertext and MAC in a class 98 write', '98级写数据中密文与MAC的顺序'),
    readings: {
      whole: words('reversed as one, so the MAC comes first (as in the recorded control)', '整体倒序,MAC在前'),
      elements: words('ciphertext then MAC, each reversed', '先密文后MAC,各自倒序'),
    },
  },
  {
    name: 'relayLevel', clause: 'dlt645-2007.md §5.1', default: '02',
    words: words('Password level of plain relay control that relayControl takes', '明文跳合闸命令的密码级别'),
    readings: { '02': words('level 02', '02级'), '03': words('level 03', '03级'), '04': words('level 04', '04级') },
  },
] as const satisfies readonly Setting[]

/** Every point that this package leaves to choice. */
export const SETTINGS: readonly Setting[] = ROWS

export type SettingName = (typeof ROWS)[number]['name']
/** A setting and one of its readings, as rows name them that hold in that reading only. */
export type SettingReading = readonly [name: SettingName, reading: string]

const DEFAULTS = Object.fromEntries(ROWS.map((row) => [row.name, row.default])) as Record<SettingName, string>

/** The reading that is taken. */
export function readingTaken(settings: Settings, name: SettingName): string {
  const given = settings[name]
  return given === undefined ? DEFAULTS[name] : String(given)
}

/** Does every condition hold? */
export function holds(settings: Settings, when: readonly SettingReading[] | undefined): boolean {
  return when === undefined || when.every(([name, reading]) => readingTaken(settings, name) === reading)
}

/**
 * What of `settings` concerns this protocol and is not the default.
 *
 * @throws RangeError for a reading that does not exist
 */
export function chosen(settings: Settings): Settings {
  const found: Record<string, string> = {}
  for (const { name, readings } of ROWS) {
    const reading = readingTaken(settings, name)
    if (!Object.hasOwn(readings, reading)) throw new RangeError(`${name}: ${Object.keys(readings).join(' or ')}`)
    if (reading !== DEFAULTS[name]) found[name] = reading
  }
  return found
}
