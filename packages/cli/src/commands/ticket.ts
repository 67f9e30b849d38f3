import { createReadStream, existsSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { HesError, fromHex, toHex } from '@zhuzhan/core'
import { SM2_DEFAULT_ID, privateKeyToPem } from '@zhuzhan/gm-crypto'
import { describeSigned, signedInput } from '@zhuzhan/osp1'
import type { Described } from '@zhuzhan/osp1'
import { makeServiceKey } from '@zhuzhan/service-identity'
import { writeDurably } from '@zhuzhan/service-kit'
import type { Command } from 'commander'
import { z } from 'zod'
import { readPrivateKey, writeNew } from '../cert/files.js'
import { createOutput } from '../output.js'
import { withEngine } from '../with-engine.js'

/** What a person does where his key is: look at what he is to sign, and sign it. docs/security/tickets.md */
export function ticketCommand(program: Command): void {
  const ticket = program.command('ticket').description('look at and sign tickets of control commands, mandates and orders, on your own machine')
  const what = 'hexadecimal or base64 text, a file, or - for standard input; also the JSON that the station answered with'

  ticket.command('key').description('make a signing key of your own; administrators enter its public key')
    .requiredOption('--out <file>', 'private key, PKCS#8 PEM').option('--json', 'one line of JSON')
    .action(({ out, json }: { out: string; json?: boolean }) => withEngine(async (engine) => {
      const { privateKey, publicKey } = await engine.generateKeyPair()
      await writeNew(out, privateKeyToPem(privateKey, publicKey), true)
      privateKey.fill(0)
      const shown = toHex(publicKey)
      createOutput(json === true).result({ out, publicKey: shown }, `Private key written to ${out}: whoever holds that file signs as you.\nPublic key for the administrators:\n${shown}`)
    }))

  ticket.command('service-key').description('make the key of a service, which signs alone what OSP-1 §7.6 lets it; administrators enter it like a person')
    .requiredOption('--out <file>', 'the wrapped key; ZHUZHAN_SERVICE_KEY_FILE of the service').option('--person <id>', 'its id in the crypto machine, 16 hex digits; drawn when not given')
    .option('--json', 'one line of JSON')
    .action(({ out, person, json }: { out: string; person?: string; json?: boolean }) => withEngine(async (engine) => {
      const secret = process.env['ZHUZHAN_SERVICE_KEY_SECRET'] ?? ''
      const file = await makeServiceKey(engine, secret, person === undefined ? {} : { person: hexBytes(person).toString('hex').toUpperCase() })
      // Whole or not there: a station that was killed while it made its key makes another.
      await writeDurably(out, `${JSON.stringify(file, null, 2)}\n`)
      const order = { kind: 'person', person: file.person, name: 'station service', roles: ['service'], publicKey: file.publicKey, areas: ['F'.repeat(16)] }
      createOutput(json === true).result({ out, person: file.person, publicKey: file.publicKey, order },
        `Key written to ${out}, under ZHUZHAN_SERVICE_KEY_SECRET.\nOrder for the administrators (POST /api/v1/authority/orders), areas as they want them:\n${JSON.stringify(order)}`)
    }))

  ticket.command('show').description('what it says, read from the bytes that are signed').argument('<what>', what).option('--json', 'one line of JSON')
    .action(async (from: string, { json }: { json?: boolean }) => {
      const words = (await signables(from)).map(({ message }) => describeSigned(message))
      createOutput(json === true).result(words.length === 1 ? words[0] : words, words.map(inWords).join('\n'))
    })

  ticket.command('sign').description('sign it with your key; the signature is printed').argument('<what>', what)
    .requiredOption('--key <file>', 'your private key').option('--after <signature>', 'the first signature, when yours is the second; found in the JSON by itself')
    .option('--json', 'one line of JSON')
    .action((from: string, options: { key: string; after?: string; json?: boolean }) => withEngine(async (engine) => {
      const found = await signables(from)
      const output = createOutput(options.json === true)
      const privateKey = await readPrivateKey(options.key)
      const made = []
      for (const { id, message, after: first } of found) {
        const after = options.after === undefined ? first : signature(options.after)
        const { input, signer } = signedInput(message, after)
        // Nobody should sign what he has not seen.
        output.say(inWords(describeSigned(message)))
        made.push({ ticket: id, signature: toHex(await engine.sign(privateKey, SM2_DEFAULT_ID, input)), second: after !== undefined, person: signer ?? null })
        output.say(`signed as the ${after ? 'second' : 'first'} of two${signer === undefined ? '' : `, person ${signer}`}`)
      }
      privateKey.fill(0)
      const [one] = made
      if (one && one.ticket === undefined) return output.result({ signature: one.signature, second: one.second, person: one.person }, one.signature)
      const body = { signatures: made.map(({ ticket: id, signature: signed }) => ({ ticket: id, signature: signed })) }
      output.result(body, JSON.stringify(body))
    }))
}

interface Signable {
  /** Of a ticket in a batch. */
  id: string | undefined
  message: Buffer
  after: Buffer | undefined
}

/** Of the station's answers, what is signed: a command's ticket, or an order. */
const One = z.object({ id: z.string(), ticket: z.string(), sigOperator: z.string().nullish() })
const Answer = z.object({ tickets: z.array(One).optional(), ticket: z.string().nullish(), order: z.string().optional(), message: z.string().optional(), sigOperator: z.string().nullish(), sigFirst: z.string().nullish() })
/** A ticket for 4096 devices in hex, with its words around it, stays below. */
const MAX_TEXT = 16 * 1024 * 1024

/** One, or the tickets of a batch. */
async function signables(from: string): Promise<Signable[]> {
  const content = (from === '-' ? await bounded(process.stdin) : existsSync(from) ? await bounded(createReadStream(from)) : from).trim()
  if (!content.startsWith('{')) return [{ id: undefined, message: messageBytes(content), after: undefined }]
  const parsed = Answer.safeParse(JSON.parse(content))
  const batch = parsed.data?.tickets
  if (batch) return batch.map(({ id, ticket, sigOperator }) => ({ id, message: messageBytes(ticket), after: sigOperator ? signature(sigOperator) : undefined }))
  const message = parsed.data?.ticket ?? parsed.data?.order ?? parsed.data?.message
  if (!message) throw new HesError('BODY_INVALID', 'The JSON has no member "ticket", "tickets" or "order".')
  const first = parsed.data?.sigOperator ?? parsed.data?.sigFirst
  return [{ id: undefined, message: messageBytes(message), after: first ? signature(first) : undefined }]
}

async function bounded(stream: NodeJS.ReadableStream): Promise<string> {
  let size = 0
  stream.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size > MAX_TEXT) (stream as unknown as { destroy(error: Error): void }).destroy(new HesError('BODY_INVALID', 'That is too long to be a ticket.'))
  })
  return text(stream)
}

/** Orders of key rotations come in base64, everything else in hex. */
function messageBytes(content: string): Buffer {
  const base64 = Buffer.from(content, 'base64')
  return base64.toString('base64') === content && /^(?:OSP1-TK|ZZ-ORDE)/.test(base64.toString('latin1')) ? base64 : hexBytes(content)
}

function hexBytes(content: string): Buffer {
  if (!/^(?:[0-9a-f]{2})+$/i.test(content)) throw new HesError('BODY_INVALID', 'This is neither a file nor hexadecimal text.')
  return Buffer.from(fromHex(content))
}

function signature(content: string): Buffer {
  const bytes = hexBytes(content)
  if (bytes.length !== 64) throw new HesError('BODY_INVALID', 'A signature is r and s, 64 bytes in hex.')
  return bytes
}

/** A message that people sign, for a terminal. */
export function inWords({ title, lines }: Described): string {
  return [`${title.zh} ${title.en}`, ...lines.map(({ label, value }) => `  ${label.zh} ${label.en}: ${value.zh === value.en ? value.en : `${value.zh} ${value.en}`}`)].join('\n')
}
