import { PROTOCOL_NAMES, analyse, build, compose, explain, explanationText, foundText, parseSettings, recipesText, searchTerms, tree } from '@zhuzhan/analyser'
import type { Language, ProtocolName } from '@zhuzhan/analyser'
import { HesError, toHex } from '@zhuzhan/core'
import { EncodeError } from '@zhuzhan/codec'
import { Option } from 'commander'
import type { Command } from 'commander'
import { createDecoder } from '../wire/decode.js'
import { createLineReader } from '../wire/lines.js'
import { filesOrHex, inputChunks, standardOutput } from '../wire/streams.js'

const protocolOption = (): Option => new Option('--protocol <name>', 'which protocol').choices(['auto', ...PROTOCOL_NAMES]).default('auto')
const languageOption = (): Option => new Option('--lang <language>', 'language of terms').choices(['en', 'zh', 'both']).default('en')
const collected = (value: string, all: string[]): string[] => [...all, value]

/** What people ask of frames: decode, encode, explain, build. Results alone go to standard output. */
export function wireCommands(program: Command): void {
  program.command('decode [input...]')
    .description('frames to JSON lines (or trees): hex in lines, logs with hex in them, pcap and pcapng captures; a file, standard input, or the hex itself')
    .addOption(protocolOption()).option('--pretty', 'an annotated tree a frame').addOption(languageOption())
    .option('--setting <name=value>', 'a reading of what the references leave open, docs/protocol/ (may be repeated)', collected, [])
    .action(decode)
  program.command('encode [file]').description('JSON lines as decode prints them, to frames in hex').action(encode)
  program.command('explain <words...>').description('what an OAD, OMD, OI, DI, Fn, AFN, DAR, ERC or return code means; or terms by words of their names')
    .addOption(protocolOption()).addOption(languageOption()).option('--json', 'one line of JSON').action(explainTerms)
  program.command('build [words...]').description('the frame of a common request, in hex: build read 20000200 --to 000000000001')
    .option('--pretty', 'its tree').option('--json', 'its line as decode prints it').addOption(languageOption()).allowUnknownOption()
    .addHelpText('after', `\nRequests:\n${recipesText()}`).action(buildRequest)
}

/** @throws HesError BODY_INVALID with what there is */
function asked<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof RangeError) throw new HesError('BODY_INVALID', error.message, {}, { cause: error })
    throw error
  }
}

interface DecodeFlags {
  protocol: ProtocolName | 'auto'
  pretty?: boolean
  lang: Language
  setting: string[]
}

async function decode(input: string[], { protocol, pretty = false, lang, setting }: DecodeFlags): Promise<void> {
  const settings = setting.length === 0 ? undefined : asked(() => parseSettings(setting))
  const output = standardOutput()
  const decoder = createDecoder({ protocol, settings, pretty, language: lang }, {
    write: output.write, onFailure: () => { process.exitCode = 1 }, say: (text) => process.stderr.write(`${text}\n`),
  })
  for await (const chunk of filesOrHex(input)) {
    decoder.push(chunk)
    await output.flush()
  }
  decoder.end()
  await output.flush()
}

async function encode(file: string | undefined): Promise<void> {
  const output = standardOutput()
  const lines = createLineReader((line) => output.write(`${encodeLine(line)}\n`))
  for await (const chunk of inputChunks(file)) {
    lines.push(chunk)
    await output.flush()
  }
  lines.end()
  await output.flush()
}

function encodeLine(line: string): string {
  try {
    return toHex(compose(JSON.parse(line)))
  } catch (error) {
    if (!(error instanceof SyntaxError) && !(error instanceof EncodeError)) throw error
    process.exitCode = 1
    return JSON.stringify({ ok: false, error: { code: 'BODY_INVALID', message: error.message } })
  }
}

function explainTerms(words: string[], { protocol, lang, json = false }: { protocol: ProtocolName | 'auto'; lang: Language; json?: boolean }): void {
  const only = { protocol: protocol === 'auto' ? undefined : protocol }
  const term = words.join(' ')
  const whole = explain(term, only)
  const explanations = whole.length > 0 ? whole : words.flatMap((word) => explain(word, only))
  const found = explanations.length > 0 ? [] : searchTerms(term, only)
  if (explanations.length + found.length === 0) process.exitCode = 1
  if (json) process.stdout.write(`${JSON.stringify({ term, explanations, found })}\n`)
  else if (explanations.length + found.length === 0) process.stderr.write(`nothing is known of '${term}'\n`)
  else process.stdout.write(explanations.length > 0 ? explanations.map((one) => explanationText(one, lang)).join('\n') : foundText(found, lang))
}

function buildRequest(words: string[], { pretty = false, json = false, lang }: { pretty?: boolean; json?: boolean; lang: Language }): void {
  const { protocol, bytes } = asked(() => build(words, new Date()))
  if (json) process.stdout.write(`${JSON.stringify(analyse(bytes, { protocol }))}\n`)
  else process.stdout.write(pretty ? tree(bytes, { protocol, language: lang }) : `${toHex(bytes)}\n`)
}
