import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { dataIdentifier, decodeFrame, encodeFrame, readingsOf } from '@zhuzhan/dlt645'
import { createRandom } from '../fuzz/random.js'
import { peerArguments } from './arguments.js'
import { createTally } from './tally.js'

/**
 * Answers of DL/T 645-2007 encoded here, read by the client of github.com/600888/dlt645 (python/): every item of its
 * tables of energies, demands and variables.
 *
 *   node --conditions=zhuzhan-source --import tsx bench/peers/dlt645-python.ts --peer DIR [--count N] [--seed S]
 *
 * DIR is its folder python/. Its logging and serial packages are not needed and are replaced by nothing.
 */
const PROGRAM = `
import json, sys, types
class Nothing:
    def __getattr__(self, name): return Nothing()
    def __call__(self, *args, **named): return Nothing()
for name in ('loguru', 'serial', 'serial_asyncio'):
    module = types.ModuleType(name)
    module.__getattr__ = lambda attribute: Nothing()
    sys.modules[name] = module
sys.path.insert(0, sys.argv[1])
from src.protocol.protocol import DLT645Protocol
from src.service.clientsvc.client_service import MeterClientService
service = MeterClientService(None)
def listed(items):
    for item in items.values() if isinstance(items, dict) else items:
        if isinstance(item, (list, dict)): yield from listed(item)
        else: yield item
for item in listed(service.data_map):
    print(json.dumps({'di': '%08X' % item.di, 'name': item.name, 'unit': str(item.unit), 'format': item.data_format}))
print(flush=True)
for line in sys.stdin:
    frame = DLT645Protocol.deserialize(bytes.fromhex(line))
    service.address = bytearray(frame.addr)
    try:
        item = service.handle_response(frame)
    except ValueError as error:
        print(json.dumps({'di': None, 'value': None, 'time': str(error)}), flush=True)
        continue
    value = getattr(item, 'value', None)
    print(json.dumps({'di': '%08X' % item.di if item else None, 'value': getattr(value, 'value', value), 'time': str(getattr(value, 'time', ''))}, default=str), flush=True)
`

interface Listed { di: string; name: string; unit: string; format: string }
interface Answer { di: string | null; value: number | string | null; time: string }

const { peer, count, seed } = peerArguments()
const random = createRandom(seed)
const tally = createTally()
const child = spawn('python3', ['-c', PROGRAM, peer], { stdio: ['pipe', 'pipe', 'inherit'] })
const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
const next = async (): Promise<string> => String((await lines.next()).value)

const items: Listed[] = []
for (let line = await next(); line !== ''; line = await next()) items.push(JSON.parse(line) as Listed)
/** Energies, demands, variables. */
const numbers = items.filter(({ di }) => /^0[0-2]/.test(di))
const known = numbers.filter(({ di }) => dataIdentifier(di)?.form?.size !== undefined && dataIdentifier(di)!.block === undefined)
process.stderr.write(`${items.length} items, ${numbers.length} of them numbers, ${known.length} of those known here\n`)

const digits = (size: number): string => Array.from({ length: size }, () => random.below(10)).join('')
const two = (n: number): string => String(n).padStart(2, '0')

/** Minute, hour, day, month, year as sent. It reads them year first, so most are the same in both directions. */
function demandMoment(symmetric: boolean): string {
  const [minute, hour, day] = [random.below(60), 1 + random.below(12), 1 + random.below(28)]
  const [month, year] = symmetric ? [hour, minute] : [1 + random.below(12), random.below(100)]
  return [minute, hour, day, month, year].map(two).join('')
}

for (let n = 0; n < count; n++) {
  const item = known[n % known.length]!
  const { form, unit } = dataIdentifier(item.di)!
  const symmetric = !random.oneIn(4)
  const moment = item.di.startsWith('01') ? demandMoment(symmetric) : ''
  const size = form!.size - moment.length / 2
  const value = Buffer.from(digits(2 * size), 'hex')
  // The sign of one source is not a digit of the other: only values below 80 at the top.
  value[size - 1] = value[size - 1]! & 0x3f
  const address = digits(12)
  const frame = encodeFrame({
    address, control: { fromMeter: true, abnormal: false, followUp: false, function: 0x11 },
    data: Buffer.concat([Buffer.from(item.di, 'hex').reverse(), value, Buffer.from(moment, 'hex')]),
  })
  child.stdin.write(`${frame.toString('hex')}\n`)
  const found = JSON.parse(await next()) as Answer
  const [ours] = readingsOf(decodeFrame(frame))
  const detail = `${item.di} ${item.name} ${item.format} ${item.unit}: ${found.value} ${found.time}, here ${ours?.value} ${unit} ${ours?.time ?? ''}`
  const group = { 0: 'energies', 1: 'demands', 2: 'variables' }[item.di[1]!]!
  const same = ours !== undefined && ours.value !== null && found.di === item.di && Number(ours.value) === Number(found.value)
    && (moment === '' || ours.time === undefined || found.time.replace(' ', 'T').startsWith(ours.time.slice(0, 16)))
  if (same && (unit === item.unit.trim() || unit === '')) tally.agree(group)
  else if (same) tally.differ(group, `the unit of ${item.di.slice(0, 4)}: '${item.unit.trim()}', here '${unit}'`, detail)
  else tally.differ(group, moment !== '' && !symmetric ? 'the time of a demand read year first' : undefined, detail)
}
child.stdin.end()
tally.print('600888/dlt645 python')
