// A TypeScript program that awaits at its top is an ES module, whether or not a package.json says so. tsx takes it for
// CommonJS, in which that is an error. Only the program itself is judged: what it imports is left to tsx.
// And elements become calls of React, which programs for today's tools do not import: whoever looks for it, and has no
// React of its own, gets the package.
// Source: Node's documentation "Modules: Packages", syntax detection; `module.register`; esbuild's "JSX".
import { readFileSync } from 'node:fs'
import { createRequire, register } from 'node:module'
import { fileURLToPath } from 'node:url'
import { isMainThread } from 'node:worker_threads'

const MODULE = /^\s*(?:import\b(?!\s*\()|export\b)/m
const ONLY_MODULE = /\bawait\b|\bimport\.meta\b/
const AWAITS_AT_TOP = /^(?!.*\basync\b)[^\s}].*\bawait\b|^await\b/m
const COMMONJS = /\brequire\s*\(|\bmodule\.exports\b|\b__(?:dir|file)name\b/

export async function resolve (specifier, context, next) {
  const found = await next(specifier, context)
  if (context.parentURL !== undefined || found.format !== 'commonjs' || !found.url.startsWith('file:')) return found
  const source = readFileSync(fileURLToPath(found.url), 'utf8')
  const isModule = (MODULE.test(source) && ONLY_MODULE.test(source)) || AWAITS_AT_TOP.test(source)
  return isModule && !COMMONJS.test(source) ? { ...found, format: 'module' } : found
}

if (isMainThread) register(import.meta.url)

if (/\.[jt]sx$/.test(process.argv[1] ?? '')) {
  Object.defineProperty(globalThis, 'React', {
    configurable: true,
    get () {
      try {
        return createRequire(process.argv[1])('react')
      } catch {
        throw new ReferenceError('React is not defined')
      }
    },
    set (value) {
      Object.defineProperty(globalThis, 'React', { configurable: true, writable: true, value })
    }
  })
}
