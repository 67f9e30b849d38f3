/** `npm start`: sets up what is missing, then runs the whole station until Ctrl-C. */
import { bootstrap, orExplain } from './bootstrap.mjs'
import { identity, takeLock } from './pid-lock.mjs'
import { createProgress } from './progress.mjs'

const say = createProgress(process.stdout)

await orExplain(async () => {
  await bootstrap({ say })
  const { runStation } = await import('../packages/supervisor/dist/index.js')
  const code = await runStation({ say, announce: (text) => process.stdout.write(`${text}\n`), processes: { takeLock, identity } })
  process.exit(code)
})
