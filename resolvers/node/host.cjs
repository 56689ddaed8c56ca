// Which optional packages of a lock this host cannot use: npm's own judgement, which it does not tell. Run as
//   node host.cjs PATH-OF-NPM LOCK ANSWER
// Source: npm's arborist, "checkEngineAndPlatform".
'use strict'
const fs = require('node:fs')
const { createRequire } = require('node:module')

const [npm, lock, answer] = process.argv.slice(2)
const own = createRequire(fs.realpathSync(npm))
const { checkEngine, checkPlatform } = own('npm-install-checks')
const { version } = own('../package.json')

const unfit = []
for (const [place, entry] of Object.entries(JSON.parse(fs.readFileSync(lock, 'utf8')).packages)) {
  if (entry.optional !== true || entry.link === true) continue
  try {
    checkEngine(entry, version, process.version, false)
    checkPlatform(entry, false)
  } catch {
    unfit.push(place)
  }
}
fs.writeFileSync(answer, JSON.stringify(unfit))
