import type { Setting } from '@zhuzhan/codec'

const yes = (en: string, zh: string) => ({ en, zh })

/** What the reference leaves open. JSON carries whatever a choice changed, so encoding needs no settings. */
export const SETTINGS: readonly Setting[] = [
  {
    name: 'pwInAuthentication', clause: 'gdw1376.md §A1', default: 'absent',
    words: { en: 'whether AFN 06 carries PW downward', zh: 'AFN06下行是否带PW' },
    readings: {
      absent: yes('no PW, as the hardware-authentication functions of one firmware', '无PW'),
      present: yes('16 bytes of PW, as AFN 01, 04, 05, 0F and 10', '有16字节PW'),
    },
  },
  {
    name: 'tpInMac', clause: 'gdw1376.md §A1', default: 'left-out',
    words: { en: 'whether the time tag is part of what the MAC in PW covers (macInput)', zh: 'PW中MAC的计算是否含Tp' },
    readings: {
      'left-out': yes('AFN, SEQ, identifiers and data, as the firmware\'s code and its test bench', '不含Tp'),
      included: yes('Tp too, as the firmware\'s comment says', '含Tp'),
    },
  },
  {
    name: 'unitOrder', clause: 'gdw1376.md §A2', default: 'points-first',
    words: { en: 'in which order the data stand when DA and DT both have several bits', zh: 'DA、DT均有多位时数据的排列顺序' },
    readings: {
      'points-first': yes('all functions of the first point, then of the next', '先pn后Fn:逐点列出全部Fn'),
      'functions-first': yes('the first function of all points, then the next', '逐Fn列出全部pn'),
    },
  },
  {
    name: 'accept130', clause: 'gdw1376.md §A1', default: 'false',
    words: { en: 'whether frames of the 130-2005 protocol (protocol id 1) are read, with their data as hex', zh: '是否接受规约标识为1(130-2005)的帧' },
    readings: { false: yes('refused, as the reference says of a wrong id', '拒绝'), true: yes('read; the data stay hex', '接受,数据不解析') },
  },
  {
    name: 'authenticationLayouts', clause: 'gdw1376.md §A8', default: 'firmware',
    words: { en: 'layouts of AFN 06, which come from the code of one firmware', zh: 'AFN06的数据格式(源自一种固件)' },
    readings: { firmware: yes('as that firmware has them', '按该固件'), hex: yes('hex, as another version adds fields', '不解析') },
  },
  {
    name: 'siblingLayouts', clause: 'gdw1376.md §A10', default: 'taken',
    words: {
      en: 'layouts that the reference does not spell out but a sibling has: frozen readings with quadrants (0D F1, F2, F9, F10, F17, F18 as 0C F33, F34), '
        + 'curves of zero-sequence current, power factor and quadrant readings (0D F95, F105-F108, F145-F148 with the formats of 0C F25 and F133-F136)',
      zh: '参考资料未写明、按同类数据推定的格式',
    },
    readings: { taken: yes('read like the sibling', '按同类数据解析'), hex: yes('left as hex', '不解析') },
  },
  {
    name: 'phaseInformation', clause: 'gdw1376.md §B4', default: 'type-in-d3',
    words: { en: 'meaning of D3 and D4 in the phase information of 10 F31', zh: '10H F31相位信息中D3、D4的含义' },
    readings: {
      'type-in-d3': yes('D3 meter type, D4 line fault', 'D3为电表类型,D4为线路异常'),
      'type-in-d4': yes('D4 meter type, D3 line fault', 'D4为电表类型,D3为线路异常'),
    },
  },
]

/** What a caller chose, by name; the rest is as its default says. */
export type Chosen = Readonly<Record<string, unknown>> | undefined

/** The value of a setting; its default when none of its readings is given. */
export function settingOf(settings: Chosen, name: string): string {
  const setting = SETTINGS.find((one) => one.name === name)!
  const value = settings?.[name]
  return typeof value === 'string' && Object.hasOwn(setting.readings, value) ? value : setting.default
}
