/** Resolves when `look` says so. @throws Error after `withinMs` */
export async function until(look: () => boolean | Promise<boolean>, withinMs = 10_000): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!await look()) {
    if (performance.now() > deadline) throw new Error(`did not happen within ${withinMs} ms: ${look.toString()}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
