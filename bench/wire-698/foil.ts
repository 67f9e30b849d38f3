import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

/** The numbers of one frame handed on. */
export type ReadFrame = (frame: Buffer, take: (value: string | number) => void) => void

interface PeerData { mark: number; value: unknown }
interface PeerApdu { resultNormals?: { result: { data: PeerData | null } }[] }

/**
 * Its own calls for one whole frame, the only thing it reads: it has no stream parser, so cutting the stream is done for it,
 * and there is nothing to compare in pieces or beside damaged frames.
 */
export async function foilIn(directory: string): Promise<ReadFrame> {
  const source = (path: string) => pathToFileURL(join(resolve(process.env['INIT_CWD'] ?? '.', directory), 'src', path)).href
  const load = async (path: string): Promise<unknown> => ((await import(source(path))) as { default: unknown }).default
  const Frame = await load('frame/GetResponseFrame.ts') as new (buf: unknown) => { frameCheckResult: unknown }
  const Parser = await load('frame/codec/ApduParser.ts') as { parseResponseApdu(frames: unknown[]): PeerApdu }
  const { ByteBuf } = await import(source('domain/ByteBuf.ts')) as { ByteBuf: { wrap(bytes: Buffer): unknown } }
  const { FrameCheckResult } = await import(source('constant/InProtocol.ts')) as { FrameCheckResult: { OK: unknown } }
  // It tells of every buffer that grows.
  console.debug = () => undefined
  return (bytes, take) => {
    const frame = new Frame(ByteBuf.wrap(bytes))
    if (frame.frameCheckResult !== FrameCheckResult.OK) return
    for (const { result } of Parser.parseResponseApdu([frame]).resultNormals ?? []) {
      for (const { value } of (result.data?.value ?? []) as PeerData[]) take(value as number)
    }
  }
}
