import { DecodeError } from '@zhuzhan/codec'
import type { FrameValue } from '@zhuzhan/codec'
import { isListForm } from './forms/lists.js'
import type { Form } from './forms/index.js'
import { identifiersFor } from './identifiers/index.js'
import type { DataIdentifier } from './identifiers/index.js'
import { controlOf } from './link/control.js'
import type { LinkFrame } from './link/frame.js'
import { decodeMessage } from './message/decode.js'
import type { Message } from './message/messages.js'
import type { Settings } from './settings.js'

const NO_SETTINGS: Settings = Object.freeze({})
const READ_REPLY = 0x11
const ADDRESS_REPLY = 0x13
const DI_SIZE = 4

/**
 * What a meter's answer says about quantities: an energy, a voltage, the elements of a block. None for requests, refusals,
 * parts of a longer answer (see joinReplies) and for digits that are not BCD, which are a fault and not a value.
 *
 * @throws DecodeError APDU_INVALID when DATA is too short for an answer
 */
export function readingsOf(frame: LinkFrame, settings: Settings = NO_SETTINGS): FrameValue[] {
  const { fromMeter, abnormal, followUp, function: code } = frame.control
  if (!fromMeter || abnormal || followUp || (code !== READ_REPLY && code !== ADDRESS_REPLY)) return []
  return valuesOf(decodeMessage(frame, { settings }), frame.address, settings)
}

/** The same for a message that is decoded already; `of` is the meter's address. */
export function valuesOf(message: Message, of: string, settings: Settings = NO_SETTINGS): FrameValue[] {
  const values: FrameValue[] = []
  if (message.kind === 'address-reply') {
    const { di, name, nameZh } = identifiersFor(settings).describe('04000401')!
    values.push({ item: di, name, nameZh, value: message.meter, unit: '', of })
  }
  if (message.kind === 'read-reply' && message.value !== undefined) {
    const item = identifiersFor(settings).item(Number.parseInt(message.di, 16)).known
    if (item?.form !== undefined) addItem(values, item, item.form, message.value, of)
  }
  return values
}

function addItem(values: FrameValue[], item: DataIdentifier, form: Form, value: unknown, of: string): void {
  if (item.block !== undefined) {
    const list = value as readonly unknown[]
    for (let i = 0; i < list.length; i++) {
      const element = item.block.element(i)
      if (element?.form !== undefined) addItem(values, element, element.form, list[i], of)
    }
  } else if (isListForm(form)) addElements(values, item, form.element, value as readonly unknown[], of)
  else add(values, item.di, item, form, value, of)
}

/** Elements of one identifier are told apart by their number, `05060101.0` the total. */
function addElements(values: FrameValue[], item: DataIdentifier, form: Form, list: readonly unknown[], of: string): void {
  list.forEach((value, i) => {
    const words = item.elements?.(i)
    const named = words === undefined ? item : { name: `${item.name}, ${words.en}`, nameZh: `${item.nameZh} ${words.zh}`, unit: item.unit }
    add(values, `${item.di}.${i}`, named, form, value, of)
  })
}

function add(values: FrameValue[], di: string, { name, nameZh, unit }: Pick<DataIdentifier, 'name' | 'nameZh' | 'unit'>, form: Form, value: unknown, of: string): void {
  const scalar = form.scalar(value)
  if (scalar === undefined) return
  const entry: FrameValue = { item: di, name, nameZh, value: scalar.value, unit, of }
  if (scalar.time !== undefined) entry.time = scalar.time
  values.push(entry)
}

/**
 * One answer out of its parts: the first answer with follow-up and those to function 12, in order. Reference §2.
 *
 * @returns the frame of the whole answer; its DATA may be longer than a frame could carry
 * @throws DecodeError APDU_INVALID when the parts do not belong together: another meter or identifier, a number that is
 * not the next, none or more than one that ends it
 */
export function joinReplies(parts: readonly LinkFrame[]): LinkFrame {
  const [first] = parts
  if (first === undefined) throw new DecodeError('APDU_INVALID', 0, 'parts')
  const pieces = parts.map((frame, i) => {
    const message = decodeMessage(frame)
    const kind = i === 0 ? 'read-part' : i === parts.length - 1 ? 'follow-up-reply' : 'follow-up-part'
    const isNext = 'part' in message && message.kind === kind && (message.kind === 'read-part' || message.seq === (i & 0xff))
    if (!isNext || frame.address !== first.address || !frame.data.subarray(0, DI_SIZE).equals(first.data.subarray(0, DI_SIZE))) {
      throw new DecodeError('APDU_INVALID', 0, `part ${i} of one answer, a ${kind}`)
    }
    return Buffer.from(message.part, 'hex')
  })
  if (parts.length === 1) throw new DecodeError('APDU_INVALID', 0, 'the last part')
  return { address: first.address, control: controlOf(0x91), data: Buffer.concat([first.data.subarray(0, DI_SIZE), ...pieces]) }
}
