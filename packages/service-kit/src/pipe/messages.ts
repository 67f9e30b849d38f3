import { HesError } from '@zhuzhan/core'
import { Packr } from 'msgpackr'
import { z } from 'zod'

/** Largest message either side accepts, in bytes. */
export const MAX_MESSAGE_BYTES = 8 * 1024 * 1024
/** Most requests one message may carry. */
export const MAX_BATCH = 1024

const nonce = z.custom<Uint8Array>((v) => v instanceof Uint8Array && v.length === 32)
const proof = nonce

/** First message, server to client. */
export const Challenge = z.strictObject({ challenge: nonce })
/** Second, client to server. */
export const Answer = z.strictObject({ identity: z.string().regex(/^[A-Za-z0-9._:-]{1,64}$/), nonce, proof })
/** Third, server to client: the server proves that it knows the secret too. */
export const Welcome = z.strictObject({ proof })

const id = z.number().int().min(0).max(0xffff_ffff)
export const RequestMessage = z.strictObject({
  id,
  op: z.string().min(1).max(64),
  batch: z.array(z.unknown()).min(1).max(MAX_BATCH),
  /** W3C traceparent of the first request of the batch. */
  trace: z.string().max(64).optional(),
})
/** The results in the order of the batch, or one error code for the whole message. */
export const ReplyMessage = z.union([z.strictObject({ id, results: z.array(z.unknown()) }), z.strictObject({ id, error: z.string() })])

// Plain maps, no shared structures: each message decodes by itself, whatever came before it.
const packr = new Packr({ useRecords: false, moreTypes: false })

export function pack(message: unknown): Buffer {
  return packr.pack(message)
}

/** @throws HesError FRAME_INVALID when the bytes are no message of this shape */
export function unpack<S extends z.ZodType>(schema: S, bytes: Uint8Array): z.infer<S> {
  let value: unknown
  try {
    value = packr.unpack(bytes)
  } catch (error) {
    throw new HesError('FRAME_INVALID', 'pipe message does not decode', {}, { cause: error })
  }
  const parsed = schema.safeParse(value)
  if (!parsed.success) throw new HesError('FRAME_INVALID', 'pipe message has another shape', {}, { cause: parsed.error })
  return parsed.data
}
