import { HesError, fromHex, toHex } from '@zhuzhan/core'
import { MandateAnswer, MandateInWords, MandateStopAnswer } from '@zhuzhan/contracts'
import { SM2_DEFAULT_ID } from '@zhuzhan/gm-crypto'
import { describeSigned, signedInput } from '@zhuzhan/osp1'
import type { Command } from 'commander'
import { z } from 'zod'
import { readPrivateKey } from '../cert/files.js'
import { createOutput } from '../output.js'
import type { Output } from '../output.js'
import { withEngine } from '../with-engine.js'
import { connect } from './rotate.js'
import type { Ask } from './rotate.js'
import { inWords } from './ticket.js'

interface Common { user?: string; json?: boolean }
interface Proof extends Common { key?: string; laboratory?: boolean }

const Answers = z.object({ items: z.array(MandateAnswer) })
const PASSWORD = 'ZHUZHAN_USER_PASSWORD'

/** Standing mandates: two people let the station's service allow closing on its own. docs/security/service.md */
export function mandateCommand(program: Command): void {
  const mandate = program.command('mandate').description('standing mandates: two people let the service give supply back alone, within rates')
  const withUser = (command: Command): Command => command
    .option('--user <name>', `log in as this user, with the password in ${PASSWORD}; the administrator of the data folder when not given`).option('--json', 'one line of JSON')
  const withProof = (command: Command): Command => withUser(command)
    .option('--key <file>', 'your private key: signs here').option('--laboratory', `the crypto machine signs with your key there, opened by ${PASSWORD}`)

  withUser(mandate.command('draft').description('make one; sign it next').option('--area <area>', 'of the registry; DEFAULT when not given').requiredOption('--days <number>', 'valid for, 90 at most')
    .requiredOption('--per-hour <number>', 'closings within any hour').requiredOption('--per-day <number>', 'closings within any 24 hours').option('--approver <user>', 'who must approve'))
    .action(async (options: Common & { area?: string; days: string; perHour: string; perDay: string; approver?: string }) => {
      const station = await as(options)
      const body = {
        validDays: Number(options.days), perHour: Number(options.perHour), perDay: Number(options.perDay),
        ...(options.area === undefined ? {} : { area: options.area }), ...(options.approver === undefined ? {} : { approver: options.approver }),
      }
      show(createOutput(options.json === true), MandateInWords.parse(await station('POST', '/mandates', body)))
    })
  withUser(mandate.command('show').description('what it says, read from its bytes, and how it stands').argument('<id>')).action(async (id: string, options: Common) => {
    show(createOutput(options.json === true), MandateInWords.parse(await (await as(options))('GET', `/mandates/${id}`)))
  })
  withUser(mandate.command('list').description('all of them, newest first')).action(async (options: Common) => {
    const { items } = Answers.parse(await (await as(options))('GET', '/mandates'))
    createOutput(options.json === true).result({ items }, items.length === 0 ? 'There is no mandate.' : items.map(line).join('\n'))
  })
  for (const [name, what] of [['sign', 'sign the one you drafted'], ['approve', 'sign as the second of two: from then on the service may']] as const) {
    withProof(mandate.command(name).description(what).argument('<id>')).action(async (id: string, options: Proof) => {
      const output = createOutput(options.json === true)
      const station = await as(options)
      const before = MandateInWords.parse(await station('GET', `/mandates/${id}`))
      const proof = await proofOf(before, name === 'approve', options, output)
      show(output, MandateInWords.parse(await station('POST', `/mandates/${id}/${name}`, proof)))
    })
  }
  withUser(mandate.command('reject').description('do not sign what somebody else drafted').argument('<id>')).action(async (id: string, options: Common) => {
    show(createOutput(options.json === true), MandateInWords.parse(await (await as(options))('POST', `/mandates/${id}/reject`, {})))
  })
  withUser(mandate.command('stop').description('the station uses it no more; administrators take it from the crypto machine by an order').argument('<id>')).action(async (id: string, options: Common) => {
    const stopped = MandateStopAnswer.parse(await (await as(options))('POST', `/mandates/${id}/stop`))
    createOutput(options.json === true).result(stopped, `${line(stopped)}\n${stopped.carriedOut ? 'The crypto machine has revoked it, too.' : `For good only by an order (POST /api/v1/authority/orders): ${JSON.stringify(stopped.order)}`}`)
  })
}

async function as({ user }: Common): Promise<Ask> {
  if (user === undefined) return connect()
  return connect({ username: user, password: password() })
}

function password(): string {
  const found = process.env[PASSWORD]
  if (!found) throw new HesError('BODY_INVALID', `The password is read from ${PASSWORD}.`)
  return found
}

/** What is signed is shown before, from its bytes and nothing else. */
async function proofOf({ message, sigOperator }: MandateAnswer, second: boolean, { key, laboratory }: Proof, output: Output): Promise<{ signature: string } | { password: string }> {
  const bytes = Buffer.from(fromHex(message))
  output.say(inWords(describeSigned(bytes)))
  if (laboratory) return { password: password() }
  if (key === undefined) throw new HesError('BODY_INVALID', 'Name your key with --key, or say --laboratory.')
  if (second && sigOperator === null) throw new HesError('STATE_CONFLICT', 'The first signature is missing.')
  let signature = ''
  await withEngine(async (engine) => {
    const privateKey = await readPrivateKey(key)
    const { input } = signedInput(bytes, second && sigOperator !== null ? Buffer.from(fromHex(sigOperator)) : undefined)
    signature = toHex(await engine.sign(privateKey, SM2_DEFAULT_ID, input))
    privateKey.fill(0)
  })
  return { signature }
}

function show(output: Output, answer: z.infer<typeof MandateInWords>): void {
  output.result(answer, `${line(answer)}\n${inWords(describeSigned(Buffer.from(fromHex(answer.message))))}`)
}

function line({ mandate, state, area, notAfter, perHour, perDay, requestedBy, approver, machine }: MandateAnswer): string {
  const used = machine === null ? '' : `, used ${machine.usedLastHour} in the last hour, ${machine.usedLastDay} in the last day${machine.revoked ? ', REVOKED in the crypto machine' : ''}`
  return `${mandate} ${state}: ${area} until ${notAfter}, ${perHour} an hour, ${perDay} a day; ${requestedBy}, ${approver}${used}`
}
