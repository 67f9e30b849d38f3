import { chooseEngine } from '@zhuzhan/gm-crypto'
import type { Sm2Engine } from '@zhuzhan/gm-crypto'

/** The best engine of this machine for one command. */
export async function withEngine(work: (engine: Sm2Engine) => Promise<void>): Promise<void> {
  const { engine } = await chooseEngine()
  try {
    await work(engine)
  } finally {
    engine.close()
  }
}
