import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Full name of an executable found through PATH, or `undefined`. */
export function programOnPath(name: string): string | undefined {
  return (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, name)).find((file) => {
    try {
      accessSync(file, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
