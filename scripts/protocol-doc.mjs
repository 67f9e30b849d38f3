// Writes docs/protocol/README.md and docs/protocol/examples.md from the packages' own tables and the analyser's own output.
// packages/analyser/src/docs.test.ts keeps them equal.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const recorded = (folder, file) => JSON.parse(readFileSync(new URL(`../packages/${folder}/vectors/${file}`, import.meta.url), 'utf8'))
const hexByte = (number) => number.toString(16).toUpperCase().padStart(2, '0')
const table = (head, rows) => [`| ${head.join(' | ')} |`, `|${head.map(() => '---').join('|')}|`, ...rows.map((row) => `| ${row.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`)].join('\n')
/** Rows grouped by their clause, in the order of the reference. */
const byClause = (list) => [...list.reduce((groups, one) => groups.set(one.clause, [...groups.get(one.clause) ?? [], one]), new Map())]
  .sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
const countOf = (list, test) => list.filter(test).length

/** Parts of each protocol that are decoded down to named members, besides what the tables below count. */
const PARTS = {
  ssal: ['link frame with every field of the control data, LUD with return code, bodies of types 2, 3, 10 and 11; content of types 0 and 1 is decoded as the frame it is', 'type1-gateway-and-hplc.md §1-3'],
  dlt698: ['link frame, segments, scrambling; every service of §4 with all its choices; all data types; what is plain inside security wrappers', 'dlt698-45.md §1-8'],
  'gdw1376.1': ['frame with PW, EC and Tp; data units; the AFN below', 'gdw1376.md part A'],
  dlt645: ['frame, control codes with refusals, all functions of §2 but 1D to 1F, plain and sealed relay control, security function 03', 'dlt645-2007.md'],
  'gdw1376.2': ['frame with information and address field; the AFN below', 'gdw1376.md part B'],
}

function frames(folder, file) {
  const list = recorded(folder, file)
  const constructed = countOf(list, ({ source = 'constructed' }) => /^constructed|^built/i.test(source))
  return `${list.length - constructed} recorded${constructed > 0 ? `, ${constructed} constructed` : ''}`
}

function overview({ analyser, dlt698, dlt645, gdw1376, ssal }) {
  const of1376 = (protocol) => recorded('gdw1376', 'frames-gdw1376.json').filter((one) => one.protocol === protocol)
  const constructed = (list) => countOf(list, ({ source }) => /^constructed|^built/i.test(source))
  const fn = (standard) => gdw1376.CATALOGUES[standard].afns.flatMap(({ rows }) => rows)
  const counts = {
    ssal: [`${Object.keys(ssal.FRAME_TYPES).length} frame types, ${Object.keys(ssal.DEVICES).length} device types, ${Object.keys(ssal.RETURN_CODES).length} return codes`, `0 recorded, ${recorded('ssal', 'frames-ssal.json').length + recorded('ssal', 'frames-reference.json').length} constructed`],
    dlt698: [`${dlt698.objects.length} objects, ${dlt698.objects.flatMap((object) => Object.keys(object.attributes)).length} attributes and ${dlt698.objects.flatMap((object) => Object.keys(object.methods)).length} methods of their own, ${Object.keys(dlt698.CLASSES).length} interface classes, ${Object.keys(dlt698.DARS).length} result codes`, frames('dlt698', 'frames-dlt698.json')],
    'gdw1376.1': [`${gdw1376.CATALOGUES['1376.1'].afns.length} AFN with ${fn('1376.1').length} Fn, ${Object.keys(gdw1376.ERCS).length} event codes`, recordedText(of1376('Q/GDW 1376.1'), constructed)],
    dlt645: [`${dlt645.identifiers.length} families of identifiers, ${dlt645.FUNCTIONS.length} functions`, frames('dlt645', 'frames-dlt645.json')],
    'gdw1376.2': [`${gdw1376.CATALOGUES['1376.2'].afns.length} AFN with ${fn('1376.2').length} Fn`, recordedText(of1376('Q/GDW 1376.2'), constructed)],
  }
  return table(['protocol', 'decoded down to named members', 'reference', 'tables', 'frames in the tests'],
    analyser.REGISTRY.map(({ protocol: { name }, title }) => [`${title} \`${name}\``, PARTS[name][0], PARTS[name][1], ...counts[name]]))
}

function recordedText(list, constructed) {
  const made = constructed(list)
  return `${list.length - made} recorded${made > 0 ? `, ${made} constructed` : ''}`
}

function objectsOf698({ dlt698: { objects } }) {
  const rows = byClause(objects).map(([clause, list]) => {
    const parts = list.flatMap((object) => [...Object.values(object.attributes), ...Object.values(object.methods)])
    const share = (confidence) => countOf(parts, (part) => part.confidence === confidence)
    return [clause, list.length, share('recorded'), share('one-source'), share('unsure')]
  })
  return table(['clause', 'objects', 'parts a recorded frame shows', 'parts from one source', 'parts that are UNSURE'], rows)
}

function identifiersOf645({ dlt645: { identifiers } }) {
  const rows = byClause(identifiers).map(([clause, list]) => [
    clause, list.length, countOf(list, ({ form }) => form !== undefined), ...['S', 'G', 'UNSURE'].map((mark) => countOf(list, (row) => row.mark === mark)),
  ])
  return table(['clause', 'families', 'with a known form', 'from public sources', 'general knowledge', 'UNSURE'], rows)
}

function functionsOf1376({ gdw1376: { CATALOGUES } }, standard) {
  const catalogue = CATALOGUES[standard]
  return table(['AFN', 'name', 'Fn named', 'layout down', 'layout up'], catalogue.afns.map(({ afn, en, zh, rows }) => [
    hexByte(afn), `${en} ${zh}`, rows.length, ...[0, 1].map((direction) => countOf(rows, ({ fn }) => catalogue.layout(afn, fn, direction) !== undefined)),
  ]))
}

function settingsOf({ protocol: { name, settings = [] }, title }) {
  const rows = settings.map((setting) => [
    `\`${setting.name}\``, `${setting.words.en}<br>${setting.words.zh}`, setting.clause,
    Object.entries(setting.readings).map(([value, words]) => `${value === setting.default ? `**\`${value}\`**` : `\`${value}\``} ${words.en}`).join('<br>'),
  ])
  return `### ${title} \`${name}\`\n\n${table(['setting', 'what is open', 'clause', 'readings, the default in bold'], rows)}`
}

function readme(packages) {
  return `# Protocols 规约

What the station's protocol packages read and write, from which source, and what those sources leave open. Written by
\`node scripts/protocol-doc.mjs\` from the packages' own tables. Clauses are sections of the reference files, which were put together from
public implementations and recorded frames: none of them is the text of a standard, except where they say so.

- [examples.md](examples.md): five frames as \`zhuzhan decode --pretty\` shows them
- [extending.md](extending.md): add an OAD, an identifier, an Fn or a setting: one table row and one vector
- [dlt698.md](dlt698.md): open points of DL/T 698.45 and how each is read; [peers.md](peers.md): our frames read by other people's code and
  theirs by ours; [fuzzing.md](fuzzing.md): hostile inputs

\`\`\`sh
zhuzhan decode [--pretty] [--lang en|zh|both] [FILE|HEX…]  # hex lines, logs, pcap; every protocol, frames in frames too
zhuzhan encode [FILE]                                     # the lines of decode to hex, byte by byte the same
zhuzhan explain 20000200 | 02010100 | 0C F25 | DAR 6 | 电压
zhuzhan build read 20000200 --to 000000000001             # build --help lists the requests
\`\`\`

## What is covered

${overview(packages)}

What has no known layout stays hex under \`data\`, with the reason beside it where one is known; it still comes back byte by byte.

### Objects of DL/T 698.45

${objectsOf698(packages)}

### Identifiers of DL/T 645-2007

${identifiersOf645(packages)}

### Functions of Q/GDW 1376.1

${functionsOf1376(packages, '1376.1')}

### Functions of Q/GDW 1376.2

${functionsOf1376(packages, '1376.2')}

## What is UNSURE, and which setting chooses

Where sources differ or say nothing, both readings are built. \`--setting name=value\` on the command line (or \`protocol.name=value\`), the
member \`settings\` in code. What a choice changes is written into the JSON: encoding needs no setting.

${packages.analyser.REGISTRY.map(settingsOf).join('\n\n')}
`
}

/** Frames of different kinds; each is taken from the vectors. */
function chosenFrames() {
  const find = (folder, file, words) => {
    const found = recorded(folder, file).find(({ description, name }) => (description ?? name).includes(words))
    if (found === undefined) throw new Error(`no frame '${words}' in ${folder}/${file}`)
    return found.hex
  }
  const broken = find('dlt645', 'frames-dlt645.json', 'reply: phase A voltage')
  return [
    ['A meter answers five attributes, one of them with a refusal (DL/T 698.45)', find('dlt698', 'frames-dlt698.json', 'NormalList of 5 (some DAR)')],
    ['A terminal hands on a meter\'s answer (DL/T 645-2007 inside Q/GDW 1376.1, AFN 10)', find('gdw1376', 'frames-gdw1376.json', 'transparent forward reply: forward active energy')],
    ['The local module reports that a meter lost its supply (Q/GDW 1376.2, 06 F5)', find('gdw1376', 'frames-gdw1376.json', 'power-off event of one meter')],
    ['A terminal logs in through the Type I gateway (DL/T 698.45 inside SSAL; constructed)', find('ssal', 'frames-ssal.json', 'login of a terminal')],
    ['A byte was changed on the way: the tree ends at it (DL/T 645-2007)', broken.replace(/....$/, (end) => `${hexByte(Number.parseInt(end.slice(0, 2), 16) ^ 0x10)}${end.slice(2)}`)],
  ]
}

function examples({ analyser }) {
  const parts = chosenFrames().map(([title, hex]) => `## ${title}

\`\`\`sh
echo ${hex} | npm run -s zhuzhan -- decode --pretty --lang both
\`\`\`

\`\`\`
${analyser.tree(hex, { language: 'both' }).trimEnd()}
\`\`\`
`)
  return `# Five frames

What \`zhuzhan decode --pretty --lang both\` prints: byte range, bytes, member, value, meaning. Every byte stands on one line; \`·\` are bytes
that only structure (counts, choices). Written by \`node scripts/protocol-doc.mjs\`.

${parts.join('\n')}`
}

/** The pages by file name, from the packages' exports. */
export function pages(packages) {
  return { 'README.md': readme(packages), 'examples.md': examples(packages) }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const names = ['analyser', 'dlt698', 'dlt645', 'gdw1376', 'ssal']
  const modules = await Promise.all(names.map((name) => import(`../packages/${name}/dist/index.js`)))
  const written = pages(Object.fromEntries(names.map((name, i) => [name, modules[i]])))
  for (const [file, text] of Object.entries(written)) writeFileSync(new URL(`../docs/protocol/${file}`, import.meta.url), text)
}
