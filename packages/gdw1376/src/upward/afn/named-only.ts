import { row } from '../../afn-table.js'
import type { AfnTable } from '../../afn-table.js'

/** Of these only the use is known. Reference §A3, §A13. */
export const namedOnly: readonly AfnTable[] = [
  { afn: 0x03, en: 'Relay station command', zh: '中继站命令', rows: [] },
  { afn: 0x08, en: 'Cascaded terminal asks to report', zh: '请求被级联终端主动上报', rows: [] },
  { afn: 0x09, en: 'Terminal configuration and information', zh: '请求终端配置及信息', rows: [row(1, 'Terminal version', '终端版本信息')] },
  { afn: 0x0b, en: 'Task data', zh: '请求任务数据', rows: [] },
  { afn: 0x0f, en: 'File transfer', zh: '文件传输', rows: [row(1, 'File transfer, segment by segment', '文件传输方式1')] },
]
