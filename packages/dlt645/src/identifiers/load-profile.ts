import type { IdentifierRow } from './row.js'

function row(di: string, name: string, nameZh: string): readonly IdentifierRow[] {
  const common = { di, name, nameZh, unit: '', access: 'read', mark: 'UNSURE', clause: '§4.6' } as const
  return [{ ...common, form: 'load records', when: [['loadRecord', 'framed']] }, { ...common, when: [['loadRecord', 'unread']] }]
}

/** Load profile. A request for the record from a given time carries a count and that time. */
export const loadProfile: readonly IdentifierRow[] = [
  ...row('06 00 00 00', 'Load records, oldest', '最早负荷记录块'),
  ...row('06 lc 00 00', 'Load records, newest', '最近负荷记录块'),
  ...row('06 lc 00 01', 'Load records, oldest', '最早负荷记录块'),
  ...row('06 lc 00 02', 'Load records from a given time', '给定时间负荷记录块'),
]
