import { either, optional, prefixedHex, sequence, u8 } from '@zhuzhan/codec'
import type { TypeOf } from '@zhuzhan/codec'
import { Data } from '../data/data.js'
import { Oad, Omd } from '../data/descriptors.js'
import { Length } from '../data/length.js'
import { Dar } from './members.js'

/** A-ResultNormal: the attribute and its value, or why there is none. Reference §4.4. */
export const ResultNormal = sequence({ oad: Oad }, either({ dar: [0, Dar], data: [1, Data] }))
export type ResultNormal = TypeOf<typeof ResultNormal>

/** GET MD5: 16 bytes with a length, or why there are none. */
export const ResultMd5 = sequence({ oad: Oad }, either({ dar: [0, Dar], md5: [1, prefixedHex(Length)] }))

/** What to write. */
export const Assignment = sequence({ oad: Oad, data: Data })
export type Assignment = TypeOf<typeof Assignment>

/** What to write and what to read `delay` seconds later. */
export const AssignmentThenGet = sequence({ oad: Oad, data: Data, readOad: Oad, delay: u8 })
export type AssignmentThenGet = TypeOf<typeof AssignmentThenGet>

export const Assigned = sequence({ oad: Oad, dar: Dar })
export type Assigned = TypeOf<typeof Assigned>

export const AssignedThenGot = sequence({ oad: Oad, dar: Dar, read: ResultNormal })
export type AssignedThenGot = TypeOf<typeof AssignedThenGot>

/** Which method to call; a parameter is always there, NULL if none. Reference §4.6. */
export const MethodCall = sequence({ omd: Omd, parameter: Data })
export type MethodCall = TypeOf<typeof MethodCall>

/** A call and what to read `delay` seconds later. */
export const MethodCallThenGet = sequence({ omd: Omd, parameter: Data, readOad: Oad, delay: u8 })
export type MethodCallThenGet = TypeOf<typeof MethodCallThenGet>

export const MethodResult = sequence({ omd: Omd, dar: Dar, data: optional(Data) })
export type MethodResult = TypeOf<typeof MethodResult>

export const MethodResultThenGot = sequence({ omd: Omd, dar: Dar, data: optional(Data), read: ResultNormal })
export type MethodResultThenGot = TypeOf<typeof MethodResultThenGot>
